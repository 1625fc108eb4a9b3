// A window that slides over the channels of an input: convolution, max pooling or average pooling. Every
// output can be followed back to the numbers it is made of; these, and the outputs, are PyTorch's own.

export default (component, css) => mountView(component, css, createWindow);

const WINDOW_PACE = 160; // milliseconds between two places while it plays
const KERNELS_SHOWN = 512;

const createWindow = (host) => {
  const titles = {};
  const section = (name, ...children) => {
    titles[name] = element("h4");
    return element("section", { class: name }, titles[name], ...children);
  };
  const field = (name) => {
    const input = element("input", { type: "number", min: 0, class: "number", "aria-label": name });
    input.addEventListener("change", () => typed());
    return input;
  };
  const fields = ["channel", "row", "column"].map(field);
  const names = fields.map(() => element("span", { class: "quiet" }));
  const button = (act) => element("button", { type: "button", onclick: act });
  const back = button(() => advance(-1));
  const play = button(() => setPlaying(!playing));
  const onward = button(() => advance(1));
  const scope = element("button", { type: "button", "aria-pressed": "false", onclick: () => setScope() });
  const places = fields.map((input, i) => element("label", {}, names[i], input));
  const tools = element("div", { class: "tools" }, back, play, onward, ...places, scope);
  const inside = { input: element("div"), output: element("div"), matrices: element("div", { class: "matrices" }) };
  const inTerms = element("div");
  const board = element(
    "div", { class: "board" },
    section("input", inside.input), section("terms", inside.matrices, inTerms), section("output", inside.output),
  );
  const strip = (name) => {
    const slot = element("div");
    return { slot, section: section(name, slot) };
  };
  const [inputs, kernels, outputs] = ["inputs", "kernels", "outputs"].map(strip);
  const readout = element("div", { class: "readout number" });
  const inLegends = element("div", { class: "legends" });
  host.append(tools, board, readout, inputs.section, kernels.section, outputs.section, inLegends);

  let header, x, y, w, b, rows, columns, theme, component, table;
  let chosen = [0, 0, 0], focus = 0, lookedAt = null, lookedIn = null, playing = false, frame = 0, last = 0, timer, perMap = false;

  const [outChannels, outHeight, outWidth] = [0, 1, 2].map((i) => () => header.output[i]);
  const isConv = () => header.op === "conv";
  const share = () => (isConv() ? header.kernel[1] : 1); // input channels that one output channel sees
  const firstOf = (out) => (isConv() ? Math.floor(out / (outChannels() / header.groups)) * share() : out);
  const current = () => lookedAt ?? chosen;

  // The value that a window finds at a place of the input, beyond whose edges padding is.
  const inputAt = (channel, row, column) => {
    const [i, j] = [rows.source(row), columns.source(column)];
    if (i === null || j === null) return header.op === "max" ? -Infinity : 0;
    return x[(channel * rows.extent + i) * columns.extent + j];
  };
  const isOutside = (row, column) => row < 0 || column < 0 || row >= rows.extent || column >= columns.extent;
  const isPadded = () => rows.shown > rows.extent || columns.shown > columns.extent;
  const outputAt = ([channel, row, column]) => y[(channel * outHeight() + row) * outWidth() + column];

  const paintInput = (channels) => (pixels, index, map, place) => {
    const [row, column] = [Math.floor(place / columns.shown) - rows.before, (place % columns.shown) - columns.before];
    const value = inputAt(channels[map], row, column);
    if (!Number.isFinite(value)) return;
    if (header.grey) {
      const tone = Math.round(255 * value);
      pixels.set([tone, tone, tone, 255], 4 * index);
    } else paintSigned(pixels, index, value / header.limits.x, table);
    // What padding puts around the input is there, but paler.
    if (isOutside(row, column)) pixels[4 * index + 3] = 110;
  };
  const outputLimit = (channel) => (perMap ? header.mapLimits[channel] : header.limits.y);
  const paintOutput = (channels) => (pixels, index, map, place) => {
    const value = y[channels[map] * outHeight() * outWidth() + place];
    paintSigned(pixels, index, value / outputLimit(channels[map]), table);
  };

  // Everything that only a new message, another channel or another theme changes.
  const drawMaps = () => {
    const [channels] = header.input;
    const size = { height: rows.shown, width: columns.shown };
    const [out] = current();
    const seen = firstOf(out) + Math.min(focus, share() - 1);
    sheets.input.set({ ...size, count: 1, columns: 1, most: 420, paint: paintInput([seen]) });
    sheets.output.set({ height: outHeight(), width: outWidth(), count: 1, columns: 1, most: 420, paint: paintOutput([out]) });
    shownOut = out;
    shownIn = seen;
  };
  let shownOut = null, shownIn = null;

  const drawStrips = () => {
    const all = (count) => Array.from({ length: count }, (_, i) => i);
    const [channels] = header.input;
    inputs.section.hidden = channels < 2;
    if (channels > 1) {
      const set = { count: channels, height: rows.shown, width: columns.shown, columns: Math.min(16, channels), most: 96 };
      sheets.inputs.set({ ...set, paint: paintInput(all(channels)) });
    }
    const count = outChannels();
    outputs.section.hidden = count < 2;
    const outShape = { count, height: outHeight(), width: outWidth(), columns: Math.min(16, count), most: 96 };
    sheets.outputs.set({ ...outShape, paint: paintOutput(all(count)) });
    drawKernels();
  };

  const kernelsShown = () => isConv() && header.kernel[0] * header.kernel[1] <= KERNELS_SHOWN;
  const drawKernels = () => {
    kernels.section.hidden = !kernelsShown();
    if (!kernelsShown()) return;
    const [out, each, height, width] = header.kernel;
    const across = Math.min(out, Math.max(1, Math.floor(16 / each))) * each; // whole filters in a row
    sheets.kernels.set({
      count: out * each, height, width, columns: across, most: Math.max(40, 6 * width),
      paint: (pixels, index, map, place) =>
        paintSigned(pixels, index, w[map * height * width + place] / header.limits.w, table),
    });
  };

  // Everything that changes with the place that is looked at; 60 times a second while hovering.
  const drawPlace = () => {
    const [out, row, column] = current();
    const first = firstOf(out);
    if (out !== shownOut || first + Math.min(focus, share() - 1) !== shownIn) drawMaps();
    const taps = rows.windows[row].flatMap((i) => columns.windows[column].map((j) => [i + rows.before, j + columns.before]));
    const mark = { cells: taps, colour: theme.primary, line: taps.length > 30 ? 1 : 2 };
    const inner = [rows.before, columns.before, rows.before + rows.extent, columns.before + columns.extent];
    const window = [...(isPadded() ? [{ map: 0, box: inner, colour: theme.text, line: 1 }] : []), { map: 0, ...mark }];
    sheets.input.mark(window);
    sheets.output.mark([{ map: 0, cells: [[row, column]], colour: theme.primary }]);
    const [tops, lefts] = [rows.windows[row], columns.windows[column]];
    const area = [tops[0] + rows.before, lefts[0] + columns.before, tops.at(-1) + 1 + rows.before, lefts.at(-1) + 1 + columns.before];
    const group = Array.from({ length: share() }, (_, i) => ({ map: first + i, box: area, colour: theme.primary, fill: 0.25 }));
    if (header.input[0] > 1) sheets.inputs.mark([...group, { map: shownIn, colour: theme.primary, line: 2 }]);
    sheets.outputs.mark([{ map: out, colour: theme.primary }]);
    if (kernelsShown()) {
      const each = share();
      sheets.kernels.mark(Array.from({ length: each }, (_, i) => ({ map: out * each + i, colour: theme.primary })));
    }
    drawTerms(out, row, column, first, window);
    drawTitles(out, row, column);
    if (lookedIn) drawFed(lookedIn);
    fields.forEach((input, i) => {
      if (input.getRootNode().activeElement !== input) input.value = current()[i];
    });
  };

  // An input pixel lights up all the outputs it feeds.
  const drawFed = ({ at, channel }) => {
    const [row, column] = [at.y - rows.before, at.x - columns.before];
    const value = inputAt(channel, row, column);
    const outside = isOutside(row, column);
    const fed = outside ? [] : rows.feeds(row).flatMap((r) => columns.feeds(column).map((c) => [r, c]));
    const where = `${text("inputName")}[${channel}, ${row}, ${column}] = `;
    const written = Number.isFinite(value) ? float32Text(value) : "−∞";
    readout.textContent = `${where}${written} · ${outside ? text("padding") : text("feeds", { count: fed.length })}`;
    const colour = theme.lines[1];
    sheets.input.mark([{ map: 0, cells: [[at.y, at.x]], colour }]);
    const each = isConv() ? outChannels() / header.groups : 1;
    const first = (isConv() ? Math.floor(channel / share()) : channel) * each;
    const isFed = shownOut >= first && shownOut < first + each;
    sheets.output.mark(isFed ? [{ map: 0, cells: fed, colour, fill: 0.35, line: 1 }] : []);
    sheets.outputs.mark(
      Array.from({ length: each }, (_, k) => ({ map: first + k, cells: fed, colour, fill: 0.5, line: 0 })),
    );
  };

  const text = (name, values = {}) =>
    Object.entries(values).reduce((said, [key, value]) => said.replaceAll(`{${key}}`, value), header.texts[name]);

  const patchOf = (channel, row, column) =>
    rows.windows[row].flatMap((i) => columns.windows[column].map((j) => inputAt(channel, i, j)));

  const drawTerms = (out, row, column, first, window) => {
    const [height, width] = [rows.windows[row].length, columns.windows[column].length];
    const result = outputAt([out, row, column]);
    const seen = shownIn;
    const patch = patchOf(seen, row, column);
    const outside = rows.windows[row].flatMap((i) => columns.windows[column].map((j) => isOutside(i, j)));
    const common = { height, width, table };
    // The first of the largest, as torch has it; none where the window lies in the padding alone.
    const strong = header.op === "max" ? patch.findIndex((value, i) => value === result && !outside[i]) : -1;
    const winner = strong < 0 ? null : [rows.windows[row][Math.floor(strong / width)], columns.windows[column][strong % width]];
    if (winner) {
      const cells = [[winner[0] + rows.before, winner[1] + columns.before]];
      sheets.input.mark([...window, { map: 0, cells, colour: theme.lines[1], line: 3 }]);
    }
    matrices.patch.show({ ...common, name: text("patch", { channel: seen }), values: patch, limit: header.limits.x, grey: header.grey, strong, outside });
    matrices.kernel.box.hidden = matrices.products.box.hidden = !isConv();
    if (header.op === "max") return sums.showLargest(winner, result);
    if (header.op === "mean") return sums.showMean(patch, header.divisor ?? rows.counts[row] * columns.counts[column], result);
    const each = share();
    const kernelOf = (i) => w.subarray((out * each + i) * height * width, (out * each + i + 1) * height * width);
    const kernel = kernelOf(seen - first);
    const products = patch.map((value, i) => f(value * kernel[i]));
    matrices.kernel.show({ ...common, name: text("kernel", { out, channel: seen - first }), values: kernel, limit: header.limits.w, editable: header.editable && [out, seen - first] });
    matrices.products.show({ ...common, name: text("products"), values: products, limit: Math.max(...products.map(Math.abs)) || 1 });
    const totals = Array.from({ length: each }, (_, i) => {
      const weights = kernelOf(i);
      const values = i === seen - first ? patch : patchOf(first + i, row, column);
      return values.reduce((sum, value, at) => f(sum + f(value * weights[at])), 0);
    });
    sums.showSum(totals, first, seen, b ? b[out] : null, result);
  };

  const drawTitles = (out, row, column) => {
    titles.input.textContent = text("input", { channel: shownIn });
    const name = header.names ? ` (${header.names[out]})` : "";
    titles.output.textContent = text("output", { channel: out }) + name;
    titles.terms.textContent = text("terms", { place: `[${out}, ${row}, ${column}]` });
  };

  const drawAll = () => {
    if (!header) return;
    theme = themeOf(host);
    table = signedTable(theme.dark);
    drawMaps();
    drawStrips();
    drawPlace();
    const { x: input, w: weights, y: output } = header.limits;
    legends.x.show(text("legend_x"), header.grey ? null : input, theme.dark);
    legends.w.show(text("legend_w"), isConv() ? weights : null, theme.dark);
    legends.y.show(text("legend_y"), perMap ? "max" : output, theme.dark);
  };

  // What people do.

  let asked = 0;
  const soon = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      drawPlace();
    });
  };
  const choose = (place) => {
    chosen = place;
    lookedAt = lookedIn = null;
    soon();
    clearTimeout(timer);
    timer = setTimeout(() => component.setStateValue("selected", chosen), 150);
  };
  const look = (place, value) => {
    lookedAt = place;
    lookedIn = null;
    readout.textContent = value ?? "\u00a0";
    soon();
  };

  const overOutput = (channelOf) => (at) => {
    if (playing) return;
    if (!at) return look(null);
    const place = [channelOf(at), at.y, at.x];
    look(place, `${text("outputName")}[${place.join(", ")}] = ${float32Text(outputAt(place))}`);
  };
  const pickOutput = (channelOf) => (at) => {
    setPlaying(false);
    choose([channelOf(at), at.y, at.x]);
  };
  const overInput = (channelOf) => (at) => {
    lookedIn = at && { at, channel: channelOf(at) };
    if (!at) readout.textContent = "\u00a0";
    soon();
  };
  const pickInput = (channelOf) => (at) => {
    const channel = channelOf(at);
    const first = firstOf(chosen[0]);
    if (isConv() && channel >= first && channel < first + share()) {
      focus = channel - first;
      drawPlace();
    } else if (!isConv()) choose([channel, chosen[1], chosen[2]]);
  };

  const step = (by) => {
    const size = outHeight() * outWidth();
    const [out, row, column] = chosen;
    const next = (row * outWidth() + column + by + size) % size;
    return [out, Math.floor(next / outWidth()), next % outWidth()];
  };
  const advance = (by) => {
    setPlaying(false);
    choose(step(by));
  };
  const tick = (now) => {
    if (!playing || !host.isConnected) return;
    if (now - last >= WINDOW_PACE) {
      last = now;
      chosen = step(1);
      lookedAt = null;
      drawPlace();
    }
    frame = requestAnimationFrame(tick);
  };
  const setPlaying = (wanted) => {
    if (playing && !wanted) choose(chosen);
    playing = wanted;
    play.textContent = playing ? text("pause") : text("play");
    cancelAnimationFrame(frame);
    if (playing) frame = requestAnimationFrame(tick);
  };
  const setScope = () => {
    perMap = !perMap;
    scope.setAttribute("aria-pressed", perMap);
    drawAll();
  };
  const limits = () => header.output;
  const typed = () => {
    const wanted = fields.map((input) => (/^\d+$/.test(input.value) ? Number(input.value) : NaN));
    const wrong = wanted.findIndex((value, i) => !(value < limits()[i]));
    fields.forEach((input, i) => input.classList.toggle("wrong", i === wrong));
    if (wrong >= 0) {
      const problem = { name: names[wrong].textContent, last: limits()[wrong] - 1, value: fields[wrong].value || "–" };
      readout.textContent = text("range", problem);
      return;
    }
    readout.textContent = "\u00a0";
    setPlaying(false);
    choose(wanted);
  };
  const KEYS = { ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], PageUp: [-1, 0, 0], PageDown: [1, 0, 0] };
  const onKey = (event) => {
    const by = KEYS[event.key];
    if (!by) return;
    event.preventDefault();
    setPlaying(false);
    choose(chosen.map((value, i) => Math.max(0, Math.min(limits()[i] - 1, value + by[i]))));
  };
  // The arrow keys walk over the input as the pointer does, also over its padding.
  const onInputKey = (event) => {
    const by = KEYS[event.key];
    if (!by || by[0]) return;
    event.preventDefault();
    const from = lookedIn?.at ?? { y: rows.before, x: columns.before };
    const [down, right] = lookedIn ? by.slice(1) : [0, 0];
    const within = (place, shown) => Math.max(0, Math.min(shown - 1, place));
    lookedIn = { at: { y: within(from.y + down, rows.shown), x: within(from.x + right, columns.shown) }, channel: shownIn };
    soon();
  };
  // A typed number goes to Python; whether it was one that a float32 can hold.
  const edit = (at, typed) => {
    const value = typed.trim() === "" ? NaN : Number(typed.trim().replace("−", "-").replace(",", "."));
    const good = Number.isFinite(f(value));
    readout.textContent = good ? "\u00a0" : text("number", { value: typed });
    if (good) component.setTriggerValue("edited", { at, value });
    return good;
  };

  const weightText = ({ map, y: row, x: column }) => {
    const [, each, height, width] = header.kernel;
    const place = [Math.floor(map / each), map % each, row, column];
    return `weight[${place.join(", ")}] = ${float32Text(w[(map * height + row) * width + column])}`;
  };
  const tell = (whole) => (readout.textContent = whole ?? "\u00a0");
  const matrices = Object.fromEntries(
    ["patch", "kernel", "products"].map((name) => [name, createMatrix(inside.matrices, { edit, tell })]),
  );
  const sums = createSums(inTerms, text);
  const legends = Object.fromEntries(["x", "w", "y"].map((name) => [name, createLegend(inLegends)]));
  const alone = () => shownOut;
  const tile = (at) => at.map;
  const sheets = {
    input: createSheet(inside.input, { label: () => text("inputMap"), onPoint: overInput(() => shownIn), onKey: onInputKey }),
    output: createSheet(inside.output, { label: () => text("outputMap"), onPoint: overOutput(alone), onPick: pickOutput(alone), onKey }),
    inputs: createSheet(inputs.slot, { label: () => text("inputMaps"), onPoint: overInput(tile), onPick: pickInput(tile) }),
    outputs: createSheet(outputs.slot, { label: () => text("outputMaps"), onPoint: overOutput(tile), onPick: pickOutput(tile) }),
    kernels: createSheet(kernels.slot, {
      label: () => text("kernels"),
      onPoint: (at) => tell(at && weightText(at)),
      onPick: (at) => {
        focus = at.map % share();
        choose([Math.floor(at.map / share()), chosen[1], chosen[2]]);
      },
    }),
  };

  const update = ({ header: next, blobs }, mounted) => {
    component = mounted;
    const fresh = header === undefined;
    header = next;
    [x, y] = [new Float32Array(blobs[0]), new Float32Array(blobs[1])];
    w = blobs[2].byteLength ? new Float32Array(blobs[2]) : null;
    b = blobs[3].byteLength ? new Float32Array(blobs[3]) : null;
    [rows, columns] = [createAxis(header.rows), createAxis(header.columns)];
    if (fresh) chosen = header.selected;
    chosen = chosen.map((value, i) => Math.min(value, header.output[i] - 1));
    lookedAt = lookedIn = null;
    focus = Math.min(focus, share() - 1);
    names.forEach((name, i) => (name.textContent = text(["channel", "row", "column"][i])));
    fields.forEach((input, i) => (input.max = header.output[i] - 1));
    [back.textContent, onward.textContent] = ["◂", "▸"];
    back.setAttribute("aria-label", text("back"));
    onward.setAttribute("aria-label", text("onward"));
    play.textContent = playing ? text("pause") : text("play");
    scope.textContent = text("scope");
    titles.inputs.textContent = text("inputMaps");
    titles.kernels.textContent = text("kernels");
    titles.outputs.textContent = text("outputMaps");
    if (!readout.textContent) readout.textContent = "\u00a0";
    drawAll();
    host.dataset.version = Number(host.dataset.version ?? 0) + 1;
  };

  const resized = () => {
    if (!header) return;
    Object.values(sheets).forEach((sheet) => sheet.draw());
    drawPlace();
  };
  const destroy = () => {
    playing = false;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
  return { update, resized, destroy };
};
