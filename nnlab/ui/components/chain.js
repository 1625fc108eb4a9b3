// Layers one after the other: what each of them makes of the input, in a row; one of them can be chosen.

export default (component, css) => mountView(component, css, createChain);

const createChain = (host) => {
  const row = element("div", { class: "row", role: "listbox" });
  const readout = element("div", { class: "readout number" });
  host.append(row, readout);
  let header, stages = [], chosen = 0, pointed = null, seen = null, component;

  const isMap = ({ shape }) => shape.length === 3;
  // A vector is shown as a column of squares, a long one as several columns.
  const columnsOf = (length) => (length <= 16 ? 1 : Math.ceil(Math.sqrt(length / 2)));

  const sizeOf = (stage) => {
    if (isMap(stage)) return { count: stage.shown, height: stage.shape[1], width: stage.shape[2] };
    const width = columnsOf(stage.shape[0]);
    return { count: 1, height: Math.ceil(stage.shape[0] / width), width };
  };

  const make = () => {
    const branches = header.stages.some((stage) => stage.title);
    row.classList.toggle("branched", branches);
    stages = header.stages.map((stage, index) => {
      const slot = element("div", { class: "maps" });
      const title = element("b", {}, stage.title || stage.name);
      const path = element("span", { class: "quiet path" }, element("bdi", {}, stage.title ? stage.name : "\u00a0"));
      const shape = element("span", { class: "quiet number" }, stage.size);
      const more = element("span", { class: "quiet" }, stage.more);
      const button = element("button", { type: "button", role: "option", onclick: () => choose(index), title: stage.name }, title, ...(branches ? [path] : []), shape);
      const box = element("div", { class: "stage" }, button, slot, more);
      const sheet = createSheet(slot, {
        label: () => `${stage.name} ${stage.size}`,
        onPoint: (at) => point(index, at),
        onPick: () => choose(index),
        onKey: (event) => walk(event, index),
      });
      return { box, button, sheet };
    });
    row.replaceChildren(...stages.map(({ box }) => box));
  };

  const valueOf = (index, map, place) => {
    const { shape } = header.stages[index];
    const values = header.values[index];
    return isMap(header.stages[index]) ? values[map * shape[1] * shape[2] + place] : values[place];
  };

  const draw = () => {
    if (!header) return;
    const table = signedTable(themeOf(host).dark);
    header.stages.forEach((stage, index) => {
      const paint = (pixels, at, map, place) => {
        const value = valueOf(index, map, place);
        if (value === undefined) return;
        if (!stage.grey) return paintSigned(pixels, at, value / stage.limit, table);
        const tone = Math.round(255 * value);
        pixels.set([tone, tone, tone, 255], 4 * at);
      };
      const { sheet, button } = stages[index];
      const size = sizeOf(stage);
      sheet.set({ ...size, columns: 1, most: isMap(stage) ? 72 : Math.min(72, 12 * size.width), paint });
      button.setAttribute("aria-selected", index === chosen);
    });
  };

  // The arrow keys walk over the maps of a stage as the pointer does.
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const walk = (event, index) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation(); // to the row, where they choose a stage
    const { count, height, width } = sizeOf(header.stages[index]);
    const from = pointed?.index === index ? pointed.at : { map: 0, y: -step[0], x: -step[1] };
    const down = from.map * height + from.y + step[0]; // from the last row of a map on into the next
    const row = Math.max(0, Math.min(count * height - 1, down));
    const x = Math.max(0, Math.min(width - 1, from.x + step[1]));
    point(index, { map: Math.floor(row / height), y: row % height, x });
  };

  const point = (index, at) => {
    pointed = at && { index, at };
    const theme = themeOf(host);
    stages.forEach(({ sheet }) => sheet.mark([]));
    readout.textContent = "\u00a0";
    if (!at) return;
    const stage = header.stages[index];
    const map = isMap(stage);
    const place = map ? at.y * stage.shape[2] + at.x : at.y * columnsOf(stage.shape[0]) + at.x;
    const value = valueOf(index, at.map, place);
    if (value === undefined) return;
    const where = map ? [at.map, at.y, at.x] : [place];
    const label = stage.labels?.[place] ? ` (${stage.labels[place]})` : "";
    const seen = map ? [...stage.boxes[0][at.y], ...stage.boxes[1][at.x]] : null;
    const [top, bottom, left, right] = seen ?? [0, header.input[1], 0, header.input[2]];
    const sees = header.texts.sees.replace("{rows}", `${top}–${bottom - 1}`).replace("{columns}", `${left}–${right - 1}`);
    readout.textContent = `${stage.name}[${where.join(", ")}]${label} = ${float32Text(value)}${index ? ` · ${sees}` : ""}`;
    stages[index].sheet.mark([{ map: at.map, cells: [[at.y, at.x]], colour: theme.primary }]);
    if (!index) return;
    const box = [top, left, bottom, right];
    const shown = header.stages[0].shown;
    stages[0].sheet.mark(Array.from({ length: shown }, (_, i) => ({ map: i, box, colour: theme.primary, fill: 0.2 })));
  };

  const choose = (index) => {
    chosen = index;
    stages.forEach(({ button }, i) => button.setAttribute("aria-selected", i === chosen));
    component.setStateValue("chosen", index);
  };
  row.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(stages.length - 1, chosen + by));
    stages[next].button.focus();
    choose(next);
  });

  const update = ({ header: next, blobs }, mounted) => {
    component = mounted;
    const fresh = header === undefined;
    const names = JSON.stringify(header?.stages.map(({ name, size }) => [name, size]));
    header = { ...next, values: blobs.map((blob) => new Float32Array(blob)) };
    if (fresh || header.chosen !== undefined) chosen = header.chosen;
    if (names !== JSON.stringify(header.stages.map(({ name, size }) => [name, size]))) {
      pointed = null;
      make();
    }
    row.setAttribute("aria-label", header.texts.label);
    draw();
    point(pointed?.index, pointed?.at);
    if (seen !== chosen) bringIntoView();
    seen = chosen;
  };
  // Where something else has chosen a stage.
  const bringIntoView = () => {
    const [box, view] = [stages[chosen].box.getBoundingClientRect(), row.getBoundingClientRect()];
    if (box.left < view.left || box.right > view.right) row.scrollLeft += box.left - view.left - view.width / 3;
  };
  return { update, resized: draw };
};
