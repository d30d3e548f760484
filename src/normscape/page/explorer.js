// Draws the curves that the reader selects. The data are those of explorer.py: {norms: [{name,
// label, colour}], quantities: [{name, label}], curves: [...]}. On a page that compares two
// experiments, each curve has the name of its experiment.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("controls");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const unique = (values) => [...new Set(values)];
  const element = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  // Black lines cannot be seen on a dark background.
  const colour = (norm) =>
    dark.matches && norm.colour === "#000000" ? "#FFFFFF" : norm.colour;

  function createGroup(title, kind, name, options, selected) {
    const set = element("fieldset", {}, element("legend", { textContent: title }));
    for (const option of options) {
      const input = element("input", {
        type: kind, name, value: option.name, checked: selected.includes(option.name),
      });
      const label = element("label", {}, input, " ");
      if (option.colour) {
        const swatch = element("span", { className: "swatch" });
        swatch.style.background = colour(option);
        label.append(swatch);
      }
      label.append(option.label);
      set.append(label);
    }
    return set;
  }
  const labelledByName = (name) => ({ name, label: name });
  const selectedValues = (name) =>
    [...form.querySelectorAll(`[name=${name}]:checked`)].map((input) => input.value);

  const models = unique(data.curves.map((curve) => curve.model));
  form.append(
    createGroup("Model", "radio", "model", models.map((m) => ({ name: m, label: m.toUpperCase() })),
      models.slice(0, 1)),
    element("fieldset", { id: "quantities" }),
    element("fieldset", { id: "rates" }),
    createGroup("Normalisers", "checkbox", "norm", data.norms, data.norms.slice(0, 2).map((n) => n.name)),
    createGroup("Axis", "checkbox", "log", [{ name: "log", label: "logarithmic" }], []),
  );

  // The quantities and learning rates to select from depend on the model.
  function updateOptions() {
    const curves = data.curves.filter((curve) => curve.model === selectedValues("model")[0]);
    const quantities = data.quantities.filter((q) => curves.some((c) => c.quantity === q.name));
    const select = element("select", { name: "quantity", id: "quantity" });
    select.append(...quantities.map((q) => element("option", { value: q.name, textContent: q.label })));
    document.getElementById("quantities").replaceChildren(
      element("legend", { textContent: "Quantity" }),
      element("label", { htmlFor: "quantity", textContent: "shown: " }), select);
    const rates = unique(curves.map((curve) => curve.lr));
    const set = createGroup("Learning rates", "checkbox", "lr", rates.map(labelledByName), rates.slice(0, 1));
    set.id = "rates";
    document.getElementById("rates").replaceWith(set);
  }

  function selectCurves() {
    const [model] = selectedValues("model");
    const quantity = form.elements.quantity.value;
    return data.curves.filter((curve) =>
      curve.model === model && curve.quantity === quantity &&
      selectedValues("norm").includes(curve.norm) && selectedValues("lr").includes(curve.lr));
  }

  const labelOf = (name) => data.norms.find((norm) => norm.name === name).label;
  const title = (curve) =>
    [curve.experiment, labelOf(curve.norm), `lr ${curve.lr}`, curve.not_learnt]
      .filter(Boolean).join(", ");

  async function draw() {
    const curves = selectCurves();
    const quantity = data.quantities.find((q) => q.name === form.elements.quantity.value);
    const rows = curves.flatMap((curve) => curve.step.map((step, i) => ({
      curve: title(curve), norm: labelOf(curve.norm),
      dash: curve.experiment ?? `lr ${curve.lr}`,
      step, mean: curve.mean[i], low: curve.low[i], high: curve.high[i], seeds: curve.seeds,
      learnt: !curve.not_learnt,
    })));
    const log = selectedValues("log").length > 0;
    const shown = log ? rows.filter((row) => row.low > 0) : rows;
    const norms = data.norms.filter((norm) => curves.some((curve) => curve.norm === norm.name));
    const ink = getComputedStyle(document.body).color;
    const chart = document.getElementById("chart");
    const y = (field) => ({
      field, type: "quantitative", title: quantity.label,
      scale: { type: log ? "log" : "linear", zero: false },
    });
    const specification = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: "container", height: 320, background: null,
      data: { values: shown },
      encoding: {
        x: {
          field: "step", type: "quantitative", title: "Step", axis: { tickMinStep: 1 },
        },
        color: {
          field: "norm", type: "nominal", title: null,
          scale: { domain: norms.map((n) => n.label), range: norms.map(colour) },
        },
        detail: { field: "curve" },
      },
      layer: [
        { mark: { type: "area", opacity: 0.18 }, encoding: { y: y("low"), y2: { field: "high" } } },
        {
          mark: { type: "line", strokeWidth: 2 },
          encoding: {
            y: y("mean"),
            strokeDash: { field: "dash", type: "nominal", title: null, sort: null },
            // A faint line has runs that stayed at chance or diverged; the table below says which.
            strokeOpacity: { condition: { test: "datum.learnt", value: 1 }, value: 0.4 },
          },
        },
        {
          params: [{
            name: "hover",
            select: { type: "point", on: "pointerover", nearest: true, clear: "pointerout" },
          }],
          mark: { type: "point", filled: true, size: 70 },
          encoding: {
            y: y("mean"),
            opacity: { condition: { param: "hover", empty: false, value: 1 }, value: 0 },
            tooltip: [
              { field: "curve", title: "curve" },
              { field: "step", title: "step" },
              { field: "mean", format: ".4g" },
              { field: "low", format: ".4g", title: "lowest seed" },
              { field: "high", format: ".4g", title: "highest seed" },
              { field: "seeds", title: "seeds" },
            ],
          },
        },
      ],
      config: {
        aria: false,
        view: { stroke: null },
        axis: {
          labelColor: ink, titleColor: ink, gridColor: "#80808040", domainColor: "#808080",
          tickColor: "#808080", titleFontWeight: "normal", labelFontSize: 12, titleFontSize: 13,
        },
        legend: {
          labelColor: ink, labelFontSize: 12, symbolOpacity: 1, orient: "top", columns: chart.clientWidth < 500 ? 2 : 6,
        },
      },
    };
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label",
      `${quantity.label} against the step: ${curves.map(title).join("; ") || "nothing chosen"}. ` +
      "The table below has the last values.");
    await vegaEmbed(chart, specification, {
      actions: false, renderer: "svg", tooltip: { theme: dark.matches ? "dark" : "light" },
    });
    // The label above describes the chart, so Vega's own labels would repeat it.
    for (const part of chart.children) part.setAttribute("aria-hidden", "true");
    updateTable(curves, quantity);
  }

  function updateTable(curves, quantity) {
    const head = ["curve", "last step", "mean", "lowest seed", "highest seed"];
    const body = curves.map((curve) => {
      const end = curve.step.length - 1;
      const cells = [curve.step, curve.mean, curve.low, curve.high].map((values) => values[end]);
      return element("tr", {}, element("th", { scope: "row", textContent: title(curve) }),
        ...cells.map((value, i) => {
          const cell = element("td", { className: "number", textContent: value });
          cell.dataset.name = head[i + 1];
          return cell;
        }));
    });
    document.getElementById("values").replaceChildren(element("table", { className: "cards" },
      element("caption", { textContent: `${quantity.label}: where the curves end` }),
      element("thead", {}, element("tr", {}, ...head.map((text, i) =>
        element("th", { scope: "col", className: i ? "number" : "", textContent: text })))),
      element("tbody", {}, ...body)));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.name === "model") updateOptions();
    draw();
  });
  dark.addEventListener("change", draw);
  updateOptions();
  draw();
})();
