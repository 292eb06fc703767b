// The lists of calls and findings: filters that add up, order, pages; and what a click elsewhere picks.
(function () {
  var data = tinghe.data, t = tinghe.t;
  if (!data) { return; }
  var PAGE = 50;
  var ID = 0, HREF = 1, STARTED = 2, AGENT = 3, AGENCY = 4, LENDER = 5, CALLEE = 6, REASON = 7, CODEC = 8,
    COMPLIANCE = 9, EFFECTIVENESS = 10, VIOLATED = 11, WAITING = 12, TAGS = 13, PROMISE = 14;
  var CALL = 0, PLACE = 1, RULE = 2, SEVERITY = 3, STATE = 4, CONFIDENCE = 5, EVIDENCE = 6, START = 7;
  var SEVERITIES = ["critical", "major", "minor"], STATES = ["violation", "needs_review", "cannot_decide"];
  var columns = { agent: AGENT, agency: AGENCY, lender: LENDER, callee: CALLEE, reason: REASON, codec: CODEC };
  var place = {};
  Object.keys(data.names).forEach(function (field) {
    place[field] = new Map(data.names[field].map(function (name, at) { return [name, at]; }));
  });

  function el(name, attributes, children) {
    var made = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) {
      if (attributes[key] !== null) { made.setAttribute(key, attributes[key]); }
    });
    [].concat(children === undefined ? [] : children).forEach(function (child) { made.append(child); });
    return made;
  }
  function name(field, at) { return data.names[field][at] || (field === "agency" || field === "agent" || field === "lender" ? t("dash.unnamed." + field) : ""); }
  function label(kind, value) { try { return t(kind + "." + value); } catch (error) { return value; } }
  function title(at) { return tinghe.pick(data.titles[at]); }
  function has(call, tag) { return Boolean(call[TAGS] & (1 << data.tags.indexOf(tag))); }
  function known(value) { return value === null ? "" : value; }
  function clock(seconds) {
    if (seconds === null) { return ""; }
    var whole = Math.floor(seconds), rest = String(whole % 60).padStart(2, "0");
    return whole < 3600 ? Math.floor(whole / 60) + ":" + rest
      : Math.floor(whole / 3600) + ":" + String(Math.floor(whole / 60) % 60).padStart(2, "0") + ":" + rest;
  }
  function promise(call) {
    var p = call[PROMISE];
    if (!p) { return ""; }
    var parts = [p[0] === null ? "—" : p[0].toLocaleString("en", { minimumFractionDigits: p[0] % 1 ? 2 : 0 }), p[1] || "—"];
    if (p[2] !== "firm") { parts.push(label("commitment", p[2])); }
    if (p[3]) { parts.push(t("promise.coerced")); }
    return parts.join(" · ");
  }
  function status(call) { return has(call, "not_scored") ? label("reason", data.names.reason[call[REASON]]) : t("status.scored"); }

  var findingsOf = data.calls.map(function () { return []; });
  data.findings.forEach(function (finding) { findingsOf[finding[CALL]].push(finding); });
  var searched = data.calls.map(function (call) {
    return [call[ID], name("agent", call[AGENT]), name("agency", call[AGENCY]), name("lender", call[LENDER])].join("\n").toLowerCase();
  });

  // What is picked: field to value; all have to fit. "tag" may have several, with commas.
  var picks = {}, words = "", view = "calls", page = 0;
  var order = { calls: null, findings: null };

  var tests = {
    tag: function (call, value) { return value.split(",").every(function (tag) { return has(call, tag); }); },
    hour: function (call, value) { return value ? call[STARTED].slice(11, 13) === value : !call[STARTED]; },
    day: function (call, value) { return call[STARTED].slice(0, 10) === value; },
    compliance: function (call, value) { return inBin(call[COMPLIANCE], value); },
    effectiveness: function (call, value) { return inBin(call[EFFECTIVENESS], value); },
    rule: function (call, value, at) {
      return findingsOf[at].some(function (finding) { return isOf(finding, value); });
    }
  };
  Object.keys(columns).forEach(function (field) {
    tests[field] = function (call, value) { return (data.names[field][call[columns[field]]] || "") === value; };
  });
  function inBin(score, value) { return score !== null && Math.min(9, Math.floor(score / 10)) === Number(value); }
  function isOf(finding, rule) { return data.names.rule[finding[RULE]] === rule; }

  function fits(call, at) {
    return Object.keys(picks).every(function (field) { return tests[field](call, picks[field], at); }) &&
      (!words || searched[at].indexOf(words) >= 0);
  }

  var calls = {
    columns: [
      ["call", "text", function (c) { return c[ID]; }, function (c) { return el("a", { href: c[HREF] }, c[ID]); }],
      ["started_at", "text", function (c) { return c[STARTED]; }],
      ["agent", "text", function (c) { return name("agent", c[AGENT]); }],
      ["agency", "text", function (c) { return data.names.agency[c[AGENCY]]; }],
      ["lender", "text", function (c) { return data.names.lender[c[LENDER]]; }],
      ["callee", "text", function (c) { var who = data.names.callee[c[CALLEE]]; return who ? label("callee", who) : ""; }],
      ["compliance", "num", function (c) { return known(c[COMPLIANCE]); }, function (c) { return score(c[COMPLIANCE], has(c, "red")); }],
      ["effectiveness", "num", function (c) { return known(c[EFFECTIVENESS]); }, function (c) { return score(c[EFFECTIVENESS]); }],
      ["confirmed_n", "num", function (c) { return c[VIOLATED]; }],
      ["review_n", "num", function (c) { return c[WAITING]; }],
      ["promise", "text", promise],
      ["status", "text", status, function (c) {
        var chips = ["risk", "red", "complaint"].filter(function (tag) { return has(c, tag); }).map(function (tag) {
          return el("span", { class: tag === "complaint" ? "chip" : "chip red" }, t("filter." + tag));
        });
        return chips.length ? chips : [status(c)];
      }]
    ],
    rows: function () { return data.calls.filter(fits); }
  };
  var findings = {
    columns: [
      ["severity", "num", function (f) { return f[SEVERITY]; }, function (f) {
        return el("span", { class: "chip " + SEVERITIES[f[SEVERITY]] }, t("severity." + SEVERITIES[f[SEVERITY]]));
      }],
      ["rule", "text", function (f) { return title(f[RULE]); }, function (f) {
        return el("a", { href: data.calls[f[CALL]][HREF] + "#f" + f[PLACE] }, title(f[RULE]));
      }],
      ["state", "num", function (f) { return f[STATE]; }, function (f) { return t("state." + STATES[f[STATE]]); }],
      ["confidence", "num", function (f) { return f[CONFIDENCE]; }, function (f) { return f[CONFIDENCE].toFixed(2); }],
      ["evidence", "text", function (f) { return f[EVIDENCE]; }],
      ["table.at", "num", function (f) { return known(f[START]); }, function (f) { return clock(f[START]); }],
      ["agent", "text", function (f) { return name("agent", data.calls[f[CALL]][AGENT]); }],
      ["agency", "text", function (f) { return data.names.agency[data.calls[f[CALL]][AGENCY]]; }],
      ["call", "text", function (f) { return data.calls[f[CALL]][ID]; }, function (f) {
        return el("a", { href: data.calls[f[CALL]][HREF] }, data.calls[f[CALL]][ID]);
      }]
    ],
    rows: function () {
      var wanted = data.calls.map(fits);
      return data.findings.filter(function (f) {
        return wanted[f[CALL]] && (picks.rule === undefined || isOf(f, picks.rule));
      });
    }
  };
  function score(value, bad) {
    var shown = value === null ? "—" : String(Math.round(value * 10) / 10);
    return bad ? el("strong", { class: "bad" }, shown) : shown;
  }

  var table = document.getElementById("calls");
  function listed() { return view === "calls" ? calls : findings; }

  function show() {
    var list = listed(), rows = list.rows(), by = order[view];
    if (by) {
      var column = list.columns[by.column], value = column[2], sign = by.up ? 1 : -1;
      rows = rows.map(function (row) { return [value(row), row]; }).sort(function (a, b) {
        var x = a[0], y = b[0];
        // What has no value stays last in both directions.
        if (x === "" || y === "") { return (x === "") - (y === ""); }
        return sign * (column[1] === "num" ? x - y : collator.compare(x, y));
      }).map(function (pair) { return pair[1]; });
    }
    page = Math.max(0, Math.min(page, Math.ceil(rows.length / PAGE) - 1));
    var first = page * PAGE, part = rows.slice(first, first + PAGE);
    table.tBodies[0].replaceChildren.apply(table.tBodies[0], part.length ? part.map(function (row) {
      return el("tr", {}, list.columns.map(function (column) {
        var kind = column[0] === "evidence" || column[0] === "promise" ? "wrap" : column[1] === "num" && column[0] !== "severity" && column[0] !== "state" ? "num" : null;
        return el("td", { class: kind, lang: column[0] === "evidence" ? "zh-CN" : null }, (column[3] || column[2])(row));
      }));
    }) : [el("tr", {}, el("td", { colspan: list.columns.length }, t("dash.nothing")))]);
    document.getElementById("shown").textContent = view === "calls" ? rows.length : data.calls.filter(fits).length;
    document.getElementById("where").textContent = rows.length ? (first + 1) + "–" + (first + part.length) + " / " + rows.length : "0";
    document.getElementById("before").disabled = page === 0;
    document.getElementById("after").disabled = first + PAGE >= rows.length;
    head(list, by);
    controls();
  }
  var collator = new Intl.Collator("zh", { numeric: true });

  function head(list, by) {
    table.tHead.replaceChildren(el("tr", {}, list.columns.map(function (column, at) {
      var sorted = by && by.column === at ? (by.up ? "ascending" : "descending") : null;
      var button = el("button", { type: "button", "data-column": at }, t(column[0]));
      return el("th", { scope: "col", class: column[1] === "num" && column[0] !== "severity" && column[0] !== "state" ? "num" : null, "aria-sort": sorted }, button);
    })));
  }
  table.tHead.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) { return; }
    var at = Number(button.dataset.column), by = order[view];
    order[view] = { column: at, up: !(by && by.column === at && by.up) };
    page = 0;
    show();
    table.tHead.querySelector("[data-column='" + at + "']").focus();
  });

  // Selects, tags and the chips of what else is picked.
  var search = document.getElementById("search");
  function options(field) {
    var names = field === "rule" ? data.names.rule || [] : data.names[field] || [];
    return names.map(function (value, at) {
      return [value, field === "rule" ? title(at) : value || t("dash.unnamed." + field)];
    }).sort(function (a, b) { return collator.compare(a[1], b[1]); });
  }
  var SELECTS = ["rule", "agency", "lender", "agent"];
  function selects() {
    document.getElementById("selects").replaceChildren.apply(document.getElementById("selects"), SELECTS.map(function (field) {
      var select = el("select", { "data-field": field, "aria-label": t("dash.by." + field) }, [el("option", { value: "*" }, t("dash.by." + field) + t("colon") + t("dash.all"))].concat(
        options(field).map(function (pair) { return el("option", { value: "=" + pair[0] }, pair[1]); })));
      select.addEventListener("change", function () { pick(field, select.value === "*" ? undefined : select.value.slice(1)); });
      return select;
    }));
    var counts = data.tags.map(function (tag) { return data.calls.filter(function (call) { return has(call, tag); }).length; });
    document.getElementById("tags").replaceChildren.apply(document.getElementById("tags"), ["all"].concat(data.tags.filter(function (tag, at) {
      return counts[at] > 0;
    })).map(function (tag) {
      var button = el("button", { type: "button", "data-filter": tag }, t("filter." + tag));
      button.addEventListener("click", function () { tag === "all" ? clear() : toggle(tag); });
      return button;
    }));
  }
  function toggle(tag) {
    var tags = picks.tag ? picks.tag.split(",") : [];
    tags = tags.indexOf(tag) >= 0 ? tags.filter(function (t) { return t !== tag; }) : tags.concat(tag);
    pick("tag", tags.length ? tags.join(",") : undefined);
  }
  function clear() { picks = {}; words = search.value = ""; changed(); }
  function controls() {
    var tags = picks.tag ? picks.tag.split(",") : [], any = Object.keys(picks).length > 0 || words;
    document.querySelectorAll("[data-filter]").forEach(function (button) {
      var tag = button.dataset.filter;
      button.setAttribute("aria-pressed", String(tag === "all" ? !any : tags.indexOf(tag) >= 0));
    });
    document.querySelectorAll("#selects select").forEach(function (select) {
      var value = picks[select.dataset.field];
      select.value = value === undefined ? "*" : "=" + value;
    });
    document.querySelectorAll("[data-view]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.view === view));
    });
    var picked = document.getElementById("picked");
    picked.replaceChildren.apply(picked, Object.keys(picks).filter(function (field) {
      return field !== "tag" && SELECTS.indexOf(field) < 0;
    }).map(function (field) {
      var button = el("button", { type: "button", class: "chip", "aria-label": t("dash.remove") + t("colon") + saidOf(field) }, saidOf(field) + " ×");
      button.addEventListener("click", function () { pick(field, undefined); });
      return button;
    }));
  }
  function saidOf(field) {
    var value = picks[field];
    if (field === "compliance" || field === "effectiveness") { return t(field) + " " + 10 * value + "–" + (10 * value + (value === "9" ? 10 : 9)); }
    if (field === "reason") { return value ? label("reason", value) : t("status.scored"); }
    return t("dash.by." + field) + " " + (field === "hour" && value ? value + ":00" : value || t("dash.unnamed." + field));
  }

  function pick(field, value) {
    if (value === undefined) { delete picks[field]; } else { picks[field] = value; }
    changed();
  }
  function changed() { page = 0; remember(); show(); }

  // The state stands in the address, so that a filtered list can be kept, and is there again on the way back.
  function remember() {
    var kept = new URLSearchParams();
    if (view !== "calls") { kept.set("view", view); }
    if (words) { kept.set("q", words); }
    Object.keys(picks).forEach(function (field) { kept.set(field, picks[field]); });
    var text = kept.toString();
    history.replaceState(null, "", text ? "#list?" + text : location.pathname + location.search);
  }
  function recall() {
    if (location.hash.indexOf("#list?") !== 0) { return; }
    new URLSearchParams(location.hash.slice(6)).forEach(function (value, key) {
      if (key === "view") { view = value === "findings" ? "findings" : "calls"; }
      else if (key === "q") { words = value; search.value = value; }
      else if (tests[key]) { picks[key] = value; }
    });
    document.getElementById("list").scrollIntoView();
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-pick]");
    if (!link) { return; }
    event.preventDefault();
    var text = link.dataset.pick, at = text.indexOf(":");
    picks = {};
    words = search.value = "";
    text.split("&").forEach(function (one) { at = one.indexOf(":"); picks[one.slice(0, at)] = decodeURIComponent(one.slice(at + 1)); });
    changed();
    document.getElementById("list").scrollIntoView();
    document.getElementById("list-title").focus({ preventScroll: true });
  });
  search.addEventListener("input", function () { words = search.value.trim().toLowerCase(); changed(); });
  document.querySelectorAll("[data-view]").forEach(function (button) {
    button.addEventListener("click", function () { view = button.dataset.view; changed(); });
  });
  document.getElementById("before").addEventListener("click", function () { page -= 1; show(); });
  document.getElementById("after").addEventListener("click", function () { page += 1; show(); });

  // Rules against teams, lenders, agents, hours, days: calls in violation.
  var MATRIX = ["agency", "lender", "agent", "hour", "day"], by = document.getElementById("matrix-by");
  function groupOf(call, field) {
    return field === "hour" ? call[STARTED].slice(11, 13) : field === "day" ? call[STARTED].slice(0, 10) : data.names[field][call[columns[field]]];
  }
  function matrix() {
    var field = by.value || "agency", counts = new Map(), groups = new Set(), most = 1;
    data.calls.forEach(function (call) { groups.add(groupOf(call, field)); });
    data.calls.forEach(function (call, at) {
      new Set(findingsOf[at].filter(function (f) { return f[STATE] === 0; }).map(function (f) { return f[RULE]; })).forEach(function (rule) {
        if (!counts.has(rule)) { counts.set(rule, new Map()); }
        var row = counts.get(rule), group = groupOf(call, field), n = (row.get(group) || 0) + 1;
        row.set(group, n);
        most = Math.max(most, n);
      });
    });
    groups = Array.from(groups).sort(function (a, b) { return (a === "") - (b === "") || collator.compare(a, b); });
    function sum(row) { return Array.from(row.values()).reduce(function (a, b) { return a + b; }, 0); }
    var rules = Array.from(counts.keys()).sort(function (a, b) { return sum(counts.get(b)) - sum(counts.get(a)); });
    document.getElementById("matrix").hidden = !rules.length;
    var shown = document.querySelector("#matrix table");
    shown.replaceChildren(
      el("thead", {}, el("tr", {}, [el("th", { scope: "col" }, t("rule"))].concat(groups.map(function (group) {
        return el("th", { scope: "col", class: "num" }, group ? group + (field === "hour" ? ":00" : "") : t("dash.unnamed." + field));
      })))),
      el("tbody", {}, rules.map(function (rule) {
        return el("tr", {}, [el("th", { scope: "row" }, title(rule))].concat(groups.map(function (group) {
          var n = counts.get(rule).get(group) || 0;
          var cell = el("td", { class: "num heat", style: "--heat:" + Math.round(60 * n / most) + "%" });
          if (n) { cell.append(el("a", { href: "#list", "data-pick": "rule:" + encodeURIComponent(data.names.rule[rule]) + "&" + field + ":" + encodeURIComponent(group) + "&tag:violated" }, String(n))); }
          return cell;
        })));
      })));
  }
  function matrixBy() {
    var chosen = by.value;
    by.replaceChildren.apply(by, MATRIX.map(function (field) { return el("option", { value: field }, t("dash.by." + field)); }));
    by.value = chosen || "agency";
  }
  by.addEventListener("change", matrix);

  function all() { selects(); matrixBy(); matrix(); show(); }
  document.getElementById("tools").hidden = document.getElementById("pager").hidden = false;
  document.getElementById("list-title").tabIndex = -1;
  document.addEventListener("language", all);
  recall();
  all();
})();
