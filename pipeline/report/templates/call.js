// The player of a call: sound, waveform and words in step; findings, turns and keys lead through it.
(function () {
  var data = tinghe.data || {};
  var length = data.length || 0;
  var audio = document.querySelector("audio");
  var track = document.querySelector(".track");
  var view = document.querySelector(".window");
  var playhead = document.querySelector(".playhead");
  var stretch = document.querySelector(".stretch");
  var turns = Array.from(document.querySelectorAll(".turn")).map(function (element) {
    var timed = element.dataset.start !== undefined;
    return {
      element: element, bubble: element.querySelector(".bubble"), numbers: (data.words || {})[element.id.slice(1)],
      start: timed ? Number(element.dataset.start) : null, end: timed ? Number(element.dataset.end) : null,
      words: null, spans: null, said: -1
    };
  });
  // In the order of the call; those of the whole call come last.
  var findings = Array.from(document.querySelectorAll("details.finding")).concat(Array.from(document.querySelectorAll("li.finding")));
  var chosenTurn = -1, chosenFinding = -1, clipEnd = null, following = true, zoom = 1;

  function byId(id) { return document.getElementById(id); }
  function on(element, name, handler) { if (element) { element.addEventListener(name, handler); } }
  function clock(seconds) {
    var whole = Math.floor(seconds), hours = Math.floor(whole / 3600);
    var rest = ("0" + whole % 60).slice(-2), minutes = Math.floor(whole / 60) % 60;
    return hours ? hours + ":" + ("0" + minutes).slice(-2) + ":" + rest : minutes + ":" + rest;
  }
  // A label that stays right when the language is switched.
  function named(element, key) {
    element.setAttribute("data-t-aria-label", key);
    element.setAttribute("aria-label", tinghe.t(key));
  }
  function tell(key, more) {
    var place = byId("playing");
    if (!place) { return; }
    place.textContent = "";
    if (key) {
      var words = document.createElement("span");
      words.setAttribute("data-t", key);
      words.textContent = tinghe.t(key);
      place.appendChild(words);
      if (more) { place.appendChild(document.createTextNode(" " + more)); }
    }
  }

  // --- the words of a turn: wrapped when they are first needed, at the places the page's data give

  function wordsOf(turn) {
    if (turn.words || !turn.numbers) { return turn.words || []; }
    var now = Math.round(1000 * turn.start), place = 0, numbers = turn.numbers;
    turn.words = [];
    for (var i = 0; i + 3 < numbers.length; i += 4) {
      var start = now + numbers[i], from = place + numbers[i + 2];
      now = start + numbers[i + 1];
      place = from + numbers[i + 3];
      turn.words.push({ start: start / 1000, end: now / 1000, from: from, to: place });
    }
    return turn.words;
  }
  function wrap(turn) {
    if (turn.spans) { return; }
    var words = wordsOf(turn), walker = document.createTreeWalker(turn.bubble, NodeFilter.SHOW_TEXT);
    var texts = [], at = 0, next = 0;
    while (walker.nextNode()) { texts.push(walker.currentNode); }
    turn.spans = words.map(function () { return []; });
    texts.forEach(function (text) {
      var content = text.data, end = at + content.length, done = at, pieces = document.createDocumentFragment();
      while (next < words.length && words[next].from < end) {
        var word = words[next], from = Math.max(word.from, at), to = Math.min(word.to, end);
        if (from > done) { pieces.appendChild(document.createTextNode(content.slice(done - at, from - at))); }
        var span = document.createElement("span");
        span.dataset.word = next;
        span.textContent = content.slice(from - at, to - at);
        pieces.appendChild(span);
        turn.spans[next].push(span);
        done = to;
        if (word.to > end) { break; } // the rest of it stands under the next mark
        next += 1;
      }
      if (done < end) { pieces.appendChild(document.createTextNode(content.slice(done - at))); }
      text.parentNode.replaceChild(pieces, text);
      at = end;
    });
  }
  function light(turn, now) {
    var words = wordsOf(turn), said = -1;
    for (var i = 0; i < words.length && words[i].start <= now; i += 1) { said = i; }
    if (said >= 0 && now >= words[said].end + 0.4) { said = -1; } // a pause
    if (said === turn.said) { return; }
    wrap(turn);
    (turn.spans[turn.said] || []).forEach(function (span) { span.classList.remove("now"); });
    (turn.spans[said] || []).forEach(function (span) { span.classList.add("now"); });
    turn.said = said;
  }

  // --- where we are

  function current(index) {
    turns.forEach(function (turn, i) {
      if (i === index) { turn.element.setAttribute("aria-current", "true"); } else { turn.element.removeAttribute("aria-current"); }
    });
  }
  function inSight(element) {
    var box = element.getBoundingClientRect(), bar = document.querySelector(".player");
    var top = bar ? bar.getBoundingClientRect().bottom : 0;
    return box.top >= top && box.bottom <= window.innerHeight;
  }
  // Far away the height of turns that were never shown is a guess, so look again when they are.
  var wanted = null;
  function bring(element) {
    var far = Math.abs(element.getBoundingClientRect().top) > 2 * window.innerHeight;
    element.scrollIntoView({ block: "center", behavior: far ? "instant" : "auto" });
    wanted = far ? element : null;
    if (far) {
      [60, 250, 600].forEach(function (wait) {
        window.setTimeout(function () {
          if (wanted === element && !inSight(element)) { element.scrollIntoView({ block: "center", behavior: "instant" }); }
        }, wait);
      });
    }
  }
  ["wheel", "touchmove", "keydown"].forEach(function (name) {
    window.addEventListener(name, function () { wanted = null; }, { passive: true, capture: true });
  });
  function turnAt(now) {
    var found = -1;
    turns.forEach(function (turn, i) { if (turn.start !== null && turn.start <= now + 0.001) { found = i; } });
    return found;
  }
  function show(now) {
    if (playhead && length) {
      var x = Math.min(1, now / length);
      playhead.hidden = false;
      playhead.style.left = 100 * x + "%";
      if (zoom > 1 && following) {
        var at = x * track.clientWidth - view.scrollLeft;
        if (at < 0 || at > view.clientWidth) { view.scrollLeft = x * track.clientWidth - 0.15 * view.clientWidth; }
      }
    }
    var range = byId("place");
    if (range) {
      range.value = now;
      range.style.setProperty("--played", 100 * now / (Number(range.max) || 1) + "%");
      range.setAttribute("aria-valuetext", clock(now) + " / " + clock(Number(range.max)));
      byId("now").textContent = clock(now);
    }
    var speaking = -1;
    turns.forEach(function (turn, i) {
      var inside = turn.start !== null && now >= turn.start && now < turn.end;
      if (inside) {
        speaking = i;
        turn.element.setAttribute("aria-current", "true");
        light(turn, now);
      } else if (turn.element.hasAttribute("aria-current")) {
        turn.element.removeAttribute("aria-current");
        light(turn, -1);
      }
    });
    if (speaking >= 0 && speaking !== chosenTurn) {
      chosenTurn = speaking;
      if (following && audio && !audio.paused && !inSight(turns[speaking].bubble)) {
        bring(turns[speaking].element);
      }
    }
  }
  function follow(wanted) {
    following = wanted;
    if (byId("follow")) { byId("follow").setAttribute("aria-pressed", String(wanted)); }
  }

  // --- sound

  function endClip() {
    clipEnd = null;
    if (stretch) { stretch.hidden = true; }
    tell(null);
  }
  function seek(seconds, play) {
    if (!audio) { return; }
    endClip();
    audio.currentTime = Math.max(0, seconds);
    show(audio.currentTime);
    if (play) { start(); }
  }
  function start() {
    var playing = audio.play();
    if (playing) { playing.catch(function () {}); }
  }
  function clip(button) {
    var bounds = button.dataset.clip.split(" ").map(Number);
    var from = Math.max(0, bounds[0] - data.context), to = bounds[1] + data.context;
    if (length) { to = Math.min(length, to); }
    seek(from, true);
    clipEnd = to;
    if (stretch && length) {
      stretch.hidden = false;
      stretch.style.left = 100 * from / length + "%";
      stretch.style.width = 100 * (to - from) / length + "%";
    }
    tell("call.playing_clip", clock(from) + "–" + clock(to));
  }
  function tick() {
    if (clipEnd !== null && audio.currentTime >= clipEnd) {
      audio.pause();
      endClip();
    }
    show(audio.currentTime);
    if (!audio.paused) { window.requestAnimationFrame(tick); }
  }
  function whole() {
    var seconds = isFinite(audio.duration) && audio.duration ? audio.duration : length;
    byId("place").max = seconds;
    byId("whole").textContent = clock(seconds);
  }
  if (audio && byId("play")) {
    audio.controls = false;
    document.querySelector(".controls").hidden = false;
    whole();
    on(audio, "loadedmetadata", whole);
    on(audio, "play", function () {
      named(byId("play"), "call.pause");
      document.body.classList.add("playing");
      window.requestAnimationFrame(tick);
    });
    on(audio, "pause", function () {
      named(byId("play"), "call.play");
      document.body.classList.remove("playing");
    });
    ["timeupdate", "seeked"].forEach(function (name) { on(audio, name, function () { if (audio.paused) { show(audio.currentTime); } }); });
    on(audio, "error", function () {
      document.querySelectorAll(".controls button, .controls input, .controls select, .listen").forEach(function (one) { one.disabled = true; });
      tell("call.no_sound");
    });
    on(byId("play"), "click", toggle);
    on(byId("place"), "input", function () { seek(Number(byId("place").value), false); });
    on(byId("speed"), "change", function () { audio.playbackRate = Number(byId("speed").value); });
    on(byId("follow"), "click", function () {
      follow(!following);
      if (following && chosenTurn >= 0) { bring(turns[chosenTurn].element); }
    });
    // Whoever scrolls wants to read elsewhere.
    ["wheel", "touchmove"].forEach(function (name) {
      window.addEventListener(name, function (event) { if (!event.ctrlKey && !audio.paused) { follow(false); } }, { passive: true });
    });
  }
  function toggle() {
    if (!audio) { return; }
    if (audio.paused) { follow(true); start(); } else { audio.pause(); }
  }

  // --- findings and turns

  function reveal(place) {
    if (place.tagName === "DETAILS") { place.open = true; }
    bring(place);
    if (place.classList.contains("finding")) {
      chosenFinding = findings.indexOf(place);
      findings.forEach(function (one) { one.classList.toggle("chosen", one === place); });
      document.querySelectorAll(".flag").forEach(function (one) { one.classList.toggle("chosen", one.dataset.go === place.id); });
    }
  }
  function stepFinding(step) {
    if (!findings.length) { return; }
    var next = chosenFinding < 0 ? (step > 0 ? 0 : findings.length - 1) : chosenFinding + step;
    next = Math.max(0, Math.min(findings.length - 1, next));
    var place = findings[next];
    if (place.dataset.at !== undefined) { seek(Number(place.dataset.at), false); }
    reveal(place);
    tell("call.at_finding", next + 1 + " / " + findings.length);
  }
  function stepTurn(step) {
    if (!turns.length) { return; }
    chosenTurn = Math.max(0, Math.min(turns.length - 1, chosenTurn + step));
    var turn = turns[chosenTurn];
    if (audio && turn.start !== null) { seek(turn.start, false); } else { current(chosenTurn); }
    bring(turn.element);
  }

  function act(target) {
    var button = target.closest("[data-clip]");
    if (button) {
      var owner = byId(button.dataset.of);
      if (owner) { reveal(owner); }
      follow(false); // the reader looks at the finding, not at what is said ten seconds before
      clip(button);
      return button;
    }
    var to = target.closest("[data-seek]"), go = target.closest("[data-go]");
    if (go && byId(go.dataset.go)) { reveal(byId(go.dataset.go)); }
    if (to) {
      if (go) { follow(false); } else { follow(true); }
      seek(Number(to.dataset.seek), true);
    }
    return to || go;
  }
  function onTrack(event) {
    if (!data.timed || event.target.closest("[data-seek], .flag")) { return false; }
    var box = track.getBoundingClientRect();
    var now = Math.max(0, Math.min(length, length * (event.clientX - box.left) / box.width));
    var place = turnAt(now);
    if (audio) {
      follow(true);
      seek(now, true);
    }
    if (place >= 0) {
      if (!audio) { current(place); }
      chosenTurn = place;
      bring(turns[place].element);
    }
    return true;
  }
  function onWord(event) {
    var bubble = event.target.closest(".bubble");
    if (!bubble || !audio || event.target.closest("mark") || String(window.getSelection())) { return false; }
    var turn = turns.find(function (one) { return one.bubble === bubble; });
    if (!turn || turn.start === null || !turn.numbers) { return false; }
    wrap(turn);
    var under = document.elementFromPoint(event.clientX, event.clientY);
    var word = under && under.closest("[data-word]");
    if (!word) { return false; }
    follow(true);
    seek(turn.words[Number(word.dataset.word)].start, true);
    return true;
  }
  document.addEventListener("click", function (event) {
    if (track && track.contains(event.target) && onTrack(event)) { return; }
    if (onWord(event)) { return; }
    var skip = event.target.closest("[data-skip]"), step = event.target.closest("[data-step]");
    if (skip) { seek(audio.currentTime + Number(skip.dataset.skip), false); return; }
    if (step) { stepFinding(Number(step.dataset.step)); return; }
    if (act(event.target) && event.target.closest("a")) { event.preventDefault(); }
  });
  function lit(event, wanted) {
    var mark = event.target.closest && event.target.closest("mark[data-f]");
    if (!mark) { return; }
    mark.dataset.f.split(" ").forEach(function (id) { if (byId(id)) { byId(id).classList.toggle("lit", wanted); } });
  }
  ["mouseover", "focusin"].forEach(function (name) { document.addEventListener(name, function (e) { lit(e, true); }); });
  ["mouseout", "focusout"].forEach(function (name) { document.addEventListener(name, function (e) { lit(e, false); }); });

  // --- keys

  function speed(step) {
    var choice = byId("speed");
    if (!choice) { return; }
    choice.selectedIndex = Math.max(0, Math.min(choice.options.length - 1, choice.selectedIndex + step));
    audio.playbackRate = Number(choice.value);
  }
  var keys = {
    " ": toggle,
    ArrowLeft: function () { if (audio) { seek(audio.currentTime - 5, false); } },
    ArrowRight: function () { if (audio) { seek(audio.currentTime + 5, false); } },
    n: function () { stepFinding(1); },
    p: function () { stepFinding(-1); },
    j: function () { stepTurn(1); },
    k: function () { stepTurn(-1); },
    e: function () {
      var button = chosenFinding >= 0 && findings[chosenFinding].querySelector(".listen");
      if (button) { clip(button); }
    },
    f: function () { if (audio) { byId("follow").click(); } },
    "<": function () { speed(-1); },
    ">": function () { speed(1); },
    "+": function () { zoomTo(2 * zoom); },
    "=": function () { zoomTo(2 * zoom); },
    "-": function () { zoomTo(zoom / 2); }
  };
  document.addEventListener("keydown", function (event) {
    var target = event.target;
    if ((event.key === "Enter" || event.key === " ") && target.matches("mark")) {
      event.preventDefault();
      act(target);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !byId("keys") || !byId("keys").checked) { return; }
    if (target.matches("select, textarea, input:not(#place):not(#keys)")) { return; }
    if (event.key === " " && target.closest("button, a, summary, #keys")) { return; }
    if (/^Arrow/.test(event.key) && target === view && zoom > 1) { return; } // it scrolls
    var key = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (key && !(event.key.indexOf("Arrow") === 0 && !audio) && !(event.key === " " && !audio)) {
      event.preventDefault();
      key();
    }
  });

  // --- waveform, ruler, zoom

  var LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  var heights = {};
  Object.keys((data.wave || { lanes: {} }).lanes).forEach(function (name) {
    heights[name] = Array.from(data.wave.lanes[name], function (level) { return Math.pow(LEVELS.indexOf(level) / 63, 1.4); });
  });
  function outline(levels, from, to, columns) {
    var first = Math.floor(1000 * from / data.wave.bin), last = Math.min(levels.length, Math.ceil(1000 * to / data.wave.bin));
    var each = Math.max(1, Math.floor((last - first) / columns)), above = [], below = [];
    for (var i = Math.max(0, first - first % each); i < last; i += each) {
      var peak = 0;
      for (var j = i; j < Math.min(i + each, levels.length); j += 1) { peak = Math.max(peak, levels[j]); }
      var x = (1000 * (i + each / 2) * data.wave.bin / 1000 / length).toFixed(3), y = 23 * peak + 0.4;
      above.push(x + " " + (24 - y).toFixed(1));
      below.push(x + " " + (24 + y).toFixed(1));
    }
    return above.length ? "M" + above.concat(below.reverse()).join("L") + "Z" : "";
  }
  var STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  function draw() {
    var width = track.clientWidth, seen = view.clientWidth;
    if (!width || !length || !data.timed) { return; }
    var from = Math.max(0, (view.scrollLeft - seen) / width * length);
    var to = Math.min(length, (view.scrollLeft + 2 * seen) / width * length);
    Object.keys(heights).forEach(function (name) {
      var path = track.querySelector('[data-lane="' + name + '"] .wave');
      if (path) { path.setAttribute("d", outline(heights[name], from, to, Math.ceil((to - from) / length * width))); }
    });
    var step = STEPS.find(function (one) { return one * width / length >= 64; }) || 3600;
    var scale = track.querySelector(".scale");
    scale.textContent = "";
    for (var at = Math.ceil(from / step) * step; at <= to; at += step) {
      if ((length - at) * width / length < 18 && at) { continue; } // no room at the edge
      var mark = document.createElement("span");
      mark.style.left = 100 * at / length + "%";
      mark.textContent = clock(at);
      scale.appendChild(mark);
    }
  }
  function zoomTo(wanted, pointer) {
    if (!view || !data.timed || !length) { return; }
    var most = Math.max(1, Math.pow(2, Math.ceil(Math.log(length / 15) / Math.LN2)));
    var at = pointer === undefined ? view.clientWidth / 2 : pointer;
    if (pointer === undefined && audio && audio.currentTime) {
      var head = audio.currentTime / length * track.clientWidth - view.scrollLeft;
      if (head >= 0 && head <= view.clientWidth) { at = head; }
    }
    var share = (view.scrollLeft + at) / track.clientWidth;
    zoom = Math.max(1, Math.min(most, wanted || 1));
    track.style.width = 100 * zoom + "%";
    view.scrollLeft = share * track.clientWidth - at;
    byId("zoom").textContent = (zoom < 10 ? Math.round(10 * zoom) / 10 : Math.round(zoom)) + "×";
    draw();
  }
  if (view && data.timed) {
    document.querySelector(".zoom").hidden = false;
    document.querySelectorAll("[data-zoom]").forEach(function (button) {
      on(button, "click", function () { zoomTo(Number(button.dataset.zoom) * zoom); });
    });
    view.addEventListener("wheel", function (event) {
      if (!event.ctrlKey) { return; }
      event.preventDefault();
      zoomTo(zoom * Math.pow(2, -event.deltaY / 200), event.clientX - view.getBoundingClientRect().left);
    }, { passive: false });
    var waiting = false;
    on(view, "scroll", function () {
      if (waiting) { return; }
      waiting = true;
      window.requestAnimationFrame(function () { waiting = false; draw(); });
    });
    on(window, "resize", draw);
    // What is printed is the whole call.
    on(window, "beforeprint", function () { zoomTo(1); });
    draw();
  }

  // Hints that are put together of several words follow the language too.
  function words(element) { return element ? element.textContent.trim() : ""; }
  document.addEventListener("language", function () {
    document.querySelectorAll(".track rect[data-go]").forEach(function (box) {
      var turn = byId(box.dataset.go);
      if (!turn) { return; }
      var tone = box.closest(".tone") && turn.querySelector(".chip");
      var told = [turn.dataset.start === undefined ? "" : clock(Number(turn.dataset.start)), words(turn.querySelector(".who span"))];
      if (tone && !box.classList.contains("neutral")) { told.push("· " + words(tone)); }
      box.querySelector("title").textContent = told.join(" ").trim();
    });
  });

  // Another page may point at a finding or a turn.
  function arrive() {
    var place = byId(location.hash.slice(1));
    if (place && place.matches(".finding, .turn")) { reveal(place); }
  }
  on(window, "hashchange", arrive);
  arrive();
})();
