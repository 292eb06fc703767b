// What every page has: its data, its words in two languages, and the switch between them.
var tinghe = (function () {
  function json(id) { return JSON.parse(document.getElementById(id).textContent); }
  var labels = json("page-labels");
  var root = document.documentElement;
  var attributes = ["lang", "aria-label", "title", "placeholder", "alt", "data-label"];

  // Of Chinese and English what the page shows now.
  function pick(pair) { return pair[root.lang.indexOf("zh") === 0 ? 0 : 1]; }
  function t(key) { return pick(labels[key]); }

  function show(language) {
    root.lang = language;
    document.querySelectorAll("[data-t]").forEach(function (place) { place.textContent = t(place.dataset.t); });
    attributes.forEach(function (name) {
      document.querySelectorAll("[data-t-" + name + "]").forEach(function (place) {
        if (place !== root) { place.setAttribute(name, t(place.getAttribute("data-t-" + name))); }
      });
    });
    document.dispatchEvent(new CustomEvent("language"));
  }

  // file: pages may have no storage at all.
  function kept() { try { return localStorage.getItem("tinghe-language"); } catch (error) { return null; } }
  function keep(language) { try { localStorage.setItem("tinghe-language", language); } catch (error) { /* not kept */ } }

  var button = document.getElementById("language");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var language = root.lang.indexOf("zh") === 0 ? "en" : "zh-CN";
      show(language);
      keep(language);
    });
  }
  var asked = new URLSearchParams(location.search).get("lang") || kept();
  if (asked && asked.slice(0, 2) !== root.lang.slice(0, 2)) {
    document.addEventListener("DOMContentLoaded", function () { show(asked.slice(0, 2) === "zh" ? "zh-CN" : "en"); });
  }
  return { data: json("page-data"), t: t, pick: pick };
})();
