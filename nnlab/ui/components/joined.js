// Where branches meet: one channel of each, side by side, with the number that each has at the place pointed at.

export default (component, css) => mountView(component, css, createJoined);

const createJoined = (host) => {
  const button = (text, by) => element("button", { type: "button", onclick: () => turn(chosen[0] + by) }, text);
  const [back, on] = [button("‹", -1), button("›", 1)];
  const field = element("input", { type: "number", min: 0, onchange: () => turn(Number(field.value)) });
  const [label, many] = [element("span"), element("span", { class: "quiet" })];
  const tools = element("div", { class: "tools" }, back, element("label", {}, label, field), many, on);
  const shares = element("div", { class: "shares", role: "group" });
  const row = element("div", { class: "row" });
  host.append(tools, shares, row);
  const legend = createLegend(host);

  let header, values = [], cards = [], chosen = [0], pointed = null, component, made = "", timer;

  const isMap = () => header.shapes[0].length === 3;
  const last = () => header.shapes.length - 1; // the output
  const outShape = () => header.shapes[last()];
  const widthOf = (length) => (length <= 16 ? length : Math.ceil(Math.sqrt(2 * length)));
  const sizeOf = (index) => {
    const [count, height, width] = header.shapes[index];
    if (isMap()) return { height, width };
    return { height: Math.ceil(count / widthOf(count)), width: widthOf(count) };
  };

  // Where a channel (a unit) of the output comes from in a concatenation: the branch and the place there.
  const from = (channel) => {
    let branch = 0;
    for (let left = channel; ; left -= header.shapes[branch][0], branch += 1)
      if (left < header.shapes[branch][0]) return [branch, left];
  };
  const startOf = (branch) => header.shapes.slice(0, branch).reduce((sum, [count]) => sum + count, 0);
  // The tensors that are shown: all, or the one branch and the output.
  const shown = () => (header.form === "sum" || !isMap() ? header.shapes.map((_shape, i) => i) : [from(chosen[0])[0], last()]);
  // The channel of tensor `index` that belongs to the output's.
  const channelIn = (index) => (header.form === "sum" || index === last() ? chosen[0] : from(chosen[0])[1]);

  const valueAt = (index, y, x) => {
    const { height, width } = sizeOf(index);
    const place = isMap() ? (channelIn(index) * height + y) * width + x : y * width + x;
    return values[index][place];
  };

  // The largest finite value of what is shown, so that sums are seen to be sums.
  const largest = () => {
    let limit = 0;
    for (const { index } of cards) {
      const { height, width } = sizeOf(index);
      for (let place = 0; place < height * width; place += 1) {
        const size = Math.abs(valueAt(index, Math.floor(place / width), place % width));
        if (Number.isFinite(size)) limit = Math.max(limit, size);
      }
    }
    return limit || 1;
  };

  const make = () => {
    const signs = { sum: "+", cat: "," };
    cards = shown().map((index, at, all) => {
      const sign = at === 0 ? "" : at === all.length - 1 ? "=" : signs[header.form];
      const title = element("b", {}, header.titles[index]);
      const slot = element("div", { class: "slot" });
      const number = element("div", { class: "number value" }, "\u00a0");
      const box = element("section", {}, title, slot, number);
      const sheet = createSheet(slot, {
        label: () => header.texts.keys.replace("{name}", header.titles[index]),
        onPoint: (place) => point(place && { index, ...place }),
        onPick: (place) => pick(index, place),
        onKey: (event) => walk(event, index),
      });
      return { index, box, sheet, number, title, sign: element("span", { class: "sign", "aria-hidden": "true" }, sign) };
    });
    row.replaceChildren(...cards.flatMap(({ sign, box }) => [sign, box]).slice(1));
  };

  const draw = () => {
    if (!header) return;
    const kind = JSON.stringify([header.form, header.shapes, header.titles, shown()]);
    if (kind !== made) make();
    made = kind;
    const table = signedTable(themeOf(host).dark);
    const limit = largest();
    for (const { index, sheet, title } of cards) {
      const { height, width } = sizeOf(index);
      const paint = (pixels, at, _map, place) => {
        const value = valueAt(index, Math.floor(place / width), place % width);
        if (value !== undefined) paintSigned(pixels, at, value / limit, table);
      };
      sheet.set({ count: 1, height, width, columns: 1, most: 240, paint });
      const part = header.form === "cat" && isMap() && index !== last() ? ` [${channelIn(index)}]` : "";
      title.textContent = header.titles[index] + part;
    }
    legend.show(header.texts.scale, limit, themeOf(host).dark);
    field.value = chosen[0];
    [...shares.children].forEach((share, branch) => share.setAttribute("aria-pressed", branch === from(chosen[0])[0]));
    tell();
  };

  // The place of the output that is told, and its row and column on the sheet of tensor `index`.
  const current = () => pointed ?? chosen;
  const cellIn = (index) => {
    if (isMap()) return [current()[1], current()[2]];
    const { width } = sizeOf(index);
    const unit = header.form === "sum" || index === last() ? current()[0] : current()[0] - startOf(index);
    return unit < 0 || unit >= header.shapes[index][0] ? null : [Math.floor(unit / width), unit % width];
  };
  const tell = () => {
    const { primary } = themeOf(host);
    for (const { index, sheet, number } of cards) {
      const cell = cellIn(index);
      sheet.mark(cell ? [{ map: 0, cells: [cell], colour: primary }] : []);
      number.textContent = cell ? float32Text(valueAt(index, ...cell)).replaceAll("-", "−") : "\u00a0";
    }
  };
  const placeOf = ({ index, y, x }) => {
    if (isMap()) return [chosen[0], y, x];
    const { width } = sizeOf(index);
    const unit = y * width + x;
    if (unit >= header.shapes[index][0]) return null;
    return [header.form === "sum" || index === last() ? unit : startOf(index) + unit];
  };
  const point = (at) => {
    pointed = at && placeOf(at);
    tell();
  };
  const select = (place) => {
    chosen = place;
    pointed = null;
    draw();
    clearTimeout(timer); // a held key selects many places; Python hears of the last
    timer = setTimeout(() => component.setStateValue("selected", chosen), 150);
  };
  const pick = (index, at) => {
    const place = placeOf({ index, ...at });
    if (place) select(place);
  };
  const turn = (channel) => {
    if (!Number.isFinite(channel)) return;
    select([Math.max(0, Math.min(outShape()[0] - 1, Math.round(channel))), ...chosen.slice(1)]);
  };
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const walk = (event, index) => {
    const step = STEPS[event.key];
    const cell = cellIn(index);
    if (!step || !cell) return;
    event.preventDefault();
    const { height, width } = sizeOf(index);
    const [y, x] = cell.map((at, axis) => at + step[axis]);
    if (y >= 0 && x >= 0 && y < height && x < width) pick(index, { y, x });
  };

  const update = ({ header: next, blobs }, mounted) => {
    component = mounted;
    const fresh = header === undefined || JSON.stringify(header.shapes) !== JSON.stringify(next.shapes);
    header = next;
    values = blobs.map((blob) => new Float32Array(blob));
    if (fresh) chosen = header.selected;
    chosen = chosen.map((at, axis) => Math.min(at, outShape()[axis] - 1));
    tools.hidden = !isMap();
    label.textContent = header.texts.channel;
    many.textContent = header.texts.of;
    field.max = outShape()[0] - 1;
    back.setAttribute("aria-label", header.texts.before);
    on.setAttribute("aria-label", header.texts.next);
    shares.hidden = header.form === "sum" || !isMap();
    const spans = header.shapes.slice(0, -1).map(([count], branch) => [startOf(branch), startOf(branch) + count - 1]);
    shares.replaceChildren(
      ...spans.map(([first, end], branch) =>
        element("button", { type: "button", style: `flex-grow: ${end - first + 1}`, onclick: () => turn(first) },
          element("span", {}, header.titles[branch]), element("span", { class: "quiet number" }, first === end ? `${first}` : `${first}–${end}`)),
      ),
    );
    draw();
  };
  return { update, resized: draw };
};
