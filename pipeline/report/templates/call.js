(function () {
  var audio = document.querySelector("audio");
  var head = document.querySelector(".playhead");
  var length = head ? Number(head.ownerSVGElement.dataset.length) : 0;
  var turns = Array.from(document.querySelectorAll(".turn[data-start]"));

  function act(target) {
    var seek = target.closest("[data-seek]");
    var go = target.closest("[data-go]");
    if (go) {
      var place = document.getElementById(go.dataset.go);
      if (place) {
        if (place.tagName === "DETAILS") { place.open = true; }
        place.scrollIntoView({ block: "center" });
      }
    }
    if (seek && audio) {
      audio.currentTime = Number(seek.dataset.seek);
      audio.play().catch(function () {});
    }
    return seek || go;
  }

  document.addEventListener("click", function (event) {
    if (act(event.target) && event.target.closest("a")) { event.preventDefault(); }
  });
  document.addEventListener("keydown", function (event) {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches("mark")) {
      event.preventDefault();
      act(event.target);
    }
  });
  function light(event, on) {
    var mark = event.target.closest && event.target.closest("mark[data-f]");
    if (!mark) { return; }
    mark.dataset.f.split(" ").forEach(function (id) {
      var note = document.getElementById(id);
      if (note) { note.classList.toggle("lit", on); }
    });
  }
  ["mouseover", "focusin"].forEach(function (name) { document.addEventListener(name, function (e) { light(e, true); }); });
  ["mouseout", "focusout"].forEach(function (name) { document.addEventListener(name, function (e) { light(e, false); }); });

  if (audio) {
    audio.addEventListener("timeupdate", function () {
      var now = audio.currentTime;
      if (head && length) {
        var x = Math.min(1000, 1000 * now / length);
        head.setAttribute("x1", x);
        head.setAttribute("x2", x);
        head.setAttribute("visibility", "visible");
      }
      turns.forEach(function (turn) {
        var inside = now >= Number(turn.dataset.start) && now < Number(turn.dataset.end);
        if (inside) { turn.setAttribute("aria-current", "true"); } else { turn.removeAttribute("aria-current"); }
      });
    });
  }
})();
