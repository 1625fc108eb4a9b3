// A chart over the steps of a descent: one line a racer, the present step marked.

const CHART = { left: 62, right: 12, top: 10, bottom: 36 };
const FLOOR = 1e-12; // what a logarithmic axis shows for zero

const createStepChart = (onPick) => {
  const canvas = element("canvas", { role: "img" });
  const box = element("div", { class: "chart" }, canvas);
  let chart = null, total = 1, step = 0, width = 0, theme, range = [0, 1];

  const scaled = (value) => (chart.log ? Math.log10(Math.max(value, FLOOR)) : value);
  const toX = (at) => CHART.left + (at / total) * (width - CHART.left - CHART.right);
  const toY = (value) => {
    const [low, high] = range;
    return chart.height - CHART.bottom - ((scaled(value) - low) / (high - low)) * (chart.height - CHART.top - CHART.bottom);
  };

  // A line that shoots up must not flatten the others: what is shown ends at ten times the highest start.
  const fit = () => {
    const starts = chart.lines.map(({ values }) => values[0]).filter(Number.isFinite);
    const cap = chart.capped ? scaled(10 * Math.max(...starts.map(Math.abs), FLOOR)) : Infinity;
    let [low, high] = [Infinity, -Infinity];
    for (const { values } of chart.lines)
      for (const value of values) {
        const y = scaled(value);
        if (!Number.isFinite(y)) continue;
        low = Math.min(low, y);
        high = Math.max(high, Math.min(y, cap));
      }
    if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
    const pad = 0.05 * (high - low);
    range = [!chart.log && low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
  };

  const draw = () => {
    if (!chart || width < 40) return;
    const context = sizeCanvas(canvas, width, chart.height);
    const [left, right, bottom] = [CHART.left, width - CHART.right, chart.height - CHART.bottom];
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.text;
    context.strokeStyle = theme.border;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const [low, high] = range;
    const rows = chart.log
      ? logTicks(low, high).map((at) => [10 ** at, shortNumber(10 ** at)])
      : (({ ticks, digits }) => ticks.map((at) => [at, tickText(at, digits)]))(linearTicks(low, high, chart.height / 45));
    let last = Infinity;
    for (const [value, text] of rows) {
      const y = Math.round(toY(value)) + 0.5;
      if (last - y < 14) continue; // there is no room for its number
      last = y;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(right, y);
      context.stroke();
      context.fillText(text, left - 6, y);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    const { ticks, digits } = linearTicks(0, total, (right - left) / 90);
    for (const at of ticks) if (Number.isInteger(at)) context.fillText(tickText(at, digits), toX(at), bottom + 5);
    context.fillText(chart.xLabel, (left + right) / 2, bottom + 20);
    context.save();
    context.translate(1, (CHART.top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(chart.yLabel, 0, 0);
    context.restore();
    context.save();
    context.beginPath();
    context.rect(left, CHART.top - 4, right - left, bottom - CHART.top + 8);
    context.clip();
    for (const { values, look, faint } of chart.lines) {
      context.strokeStyle = context.fillStyle = theme.lines[look.color % theme.lines.length];
      context.setLineDash(DASHES[look.dash]);
      context.lineWidth = faint ? 1.2 : 2;
      context.globalAlpha = faint ? 0.6 : 1;
      context.beginPath();
      for (let at = 0; at < values.length; at += 1) {
        const y = toY(values[at]);
        if (Number.isFinite(y)) context.lineTo(toX(at), Math.max(-1e4, y));
      }
      context.stroke();
      context.setLineDash([]);
      const at = Math.min(step, values.length - 1);
      if (at >= 0 && Number.isFinite(toY(values[at]))) drawMarker(context, look.marker, toX(at), toY(values[at]), 4);
      context.globalAlpha = 1;
    }
    context.restore();
    context.strokeStyle = theme.text;
    context.globalAlpha = 0.45;
    context.beginPath();
    context.moveTo(Math.round(toX(step)) + 0.5, CHART.top);
    context.lineTo(Math.round(toX(step)) + 0.5, bottom);
    context.stroke();
    context.globalAlpha = 1;
  };

  const pick = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    onPick(Math.round(((x - CHART.left) / (width - CHART.left - CHART.right)) * total));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pick(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && pick(event));

  // Drawn by the `resize` that follows.
  const show = (next, steps) => {
    [chart, total] = [next, Math.max(1, steps)];
    canvas.setAttribute("aria-label", `${next.yLabel} / ${next.xLabel}`);
    fit();
  };
  const resize = (wide, themed) => {
    [width, theme] = [wide, themed];
    draw();
  };
  const mark = (at) => {
    step = at;
    draw();
  };
  return { box, show, resize, mark };
};
