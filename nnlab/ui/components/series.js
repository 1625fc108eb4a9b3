// The points of one line: appended to, smoothed, searched, and thinned to what a screen can show.

const createLine = () => ({ x: new Float64Array(256), y: new Float64Array(256), count: 0, hidden: false });

const readNumbers = (blob, kind) => (kind === "<f4" ? new Float32Array(blob) : new Float64Array(blob));

// Takes points from index `from` on. False where points before them are missing: they must be sent again.
const takePoints = (line, from, xs, ys) => {
  if (from > line.count) return false;
  const count = from + xs.length;
  if (count > line.x.length) {
    for (const axis of ["x", "y"]) {
      const larger = new Float64Array(2 * count);
      larger.set(line[axis]);
      line[axis] = larger;
    }
  }
  line.x.set(xs, from);
  line.y.set(ys, from);
  line.count = count;
  return true;
};

// Exponential moving average, corrected for its start so that it does not begin at zero.
const smoothed = (line, weight) => {
  const out = new Float64Array(line.count);
  let sum = 0, share = 0;
  for (let i = 0; i < line.count; i += 1) {
    if (Number.isFinite(line.y[i])) {
      sum = weight * sum + (1 - weight) * line.y[i];
      share = weight * share + (1 - weight);
    }
    out[i] = share ? sum / share : NaN;
  }
  return out;
};

// The first index whose x is at least `value`.
const firstAt = (line, value) => {
  let [low, high] = [0, line.count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line.x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
};

const nearestTo = (line, value) => {
  const at = firstAt(line, value);
  if (at === 0) return 0;
  if (at === line.count) return at - 1;
  return value - line.x[at - 1] <= line.x[at] - value ? at - 1 : at;
};

// Strokes the path of points [low, high). Where several share a pixel column, only the first, lowest, highest
// and last of them are drawn, which paints the same pixels: no peak is lost.
const tracePath = (context, line, ys, low, high, toX, toY) => {
  let open = false, column = null, first, last, least, most;
  const go = (x, y) => {
    if (open) context.lineTo(x, y);
    else context.moveTo(x, y);
    open = true;
  };
  const flush = () => {
    if (column === null) return;
    go(column, first);
    if (least < first) context.lineTo(column, least);
    if (most > first) context.lineTo(column, most);
    if (last !== most) context.lineTo(column, last);
    column = null;
  };
  const dense = high - low > 3 * Math.abs(toX(line.x[high - 1]) - toX(line.x[low]));
  context.beginPath();
  for (let i = low; i < high; i += 1) {
    const y = toY(ys[i]);
    if (!Number.isFinite(y)) {
      flush();
      open = false;
      continue;
    }
    const x = dense ? Math.round(toX(line.x[i])) : toX(line.x[i]);
    if (dense && x === column) {
      last = y;
      if (y < least) least = y;
      if (y > most) most = y;
      continue;
    }
    flush();
    if (dense) [column, first, last, least, most] = [x, y, y, y, y];
    else go(x, y);
  }
  flush();
  context.stroke();
};

const DASHES = { solid: [], dash: [7, 4], dot: [2, 3] };

const drawMarker = (context, kind, x, y, radius) => {
  context.beginPath();
  if (kind === "circle") context.arc(x, y, radius, 0, 2 * Math.PI);
  else if (kind === "square") context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  else {
    context.moveTo(x, y - 1.2 * radius);
    context.lineTo(x + 1.1 * radius, y + radius);
    context.lineTo(x - 1.1 * radius, y + radius);
    context.closePath();
  }
  context.fill();
};

const linearTicks = (low, high, wanted) => {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) ticks.push(i * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
};

const tickText = (value, digits) => {
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && digits > 5)) return shortNumber(value);
  return value.toFixed(Math.min(digits, 6));
};

// Powers of ten, every so many where there are many, with 2 and 5 between them where there are few. `low` and
// `high` are logarithms.
const logTicks = (low, high) => {
  const ticks = [];
  const stride = Math.max(1, Math.ceil((high - low) / 9));
  const between = high - low > 2.5 ? [1] : high - low > 0.7 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let power = Math.floor(Math.floor(low) / stride) * stride; power <= high; power += stride)
    for (const m of between) {
      const value = Math.log10(m) + power;
      if (value >= low && value <= high) ticks.push(value);
    }
  return ticks;
};
