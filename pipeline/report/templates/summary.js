(function () {
  var table = document.getElementById("calls");
  var body = table.tBodies[0];
  var rows = Array.from(body.rows);
  var search = document.getElementById("search");
  var buttons = Array.from(document.querySelectorAll("[data-filter]"));
  var wanted = "all";

  function show() {
    var words = search.value.trim().toLowerCase();
    var shown = 0;
    rows.forEach(function (row) {
      var fits = (wanted === "all" || row.dataset.tags.split(" ").indexOf(wanted) >= 0) &&
        (!words || row.textContent.toLowerCase().indexOf(words) >= 0);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    document.getElementById("shown").textContent = shown;
  }
  search.addEventListener("input", show);
  buttons.forEach(function (button) {
    button.addEventListener("click", function () {
      wanted = button.dataset.filter;
      buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(b === button)); });
      show();
    });
  });

  function key(row, column) {
    var cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
  }
  Array.from(table.tHead.rows[0].cells).forEach(function (heading, column) {
    heading.firstElementChild.addEventListener("click", function () {
      var up = heading.getAttribute("aria-sort") !== "ascending";
      var numeric = heading.firstElementChild.dataset.kind === "num";
      Array.from(table.tHead.rows[0].cells).forEach(function (h) { h.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort(function (a, b) {
        var x = key(a, column), y = key(b, column);
        // What has no value stays last in both directions.
        if (x === "" || y === "") { return (x === "") - (y === ""); }
        var order = numeric ? Number(x) - Number(y) : x.localeCompare(y, "zh");
        return up ? order : -order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
})();
