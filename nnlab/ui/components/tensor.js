// Tensors as cells, and the memory behind them: whatever is pointed at is shown where it lies, where it comes
// from and where it goes to.

export default (component, css) => mountView(component, css, createTensors);

const MOST_JUMPS = 12; // along one dim

const createTensors = (host) => {
  const panels = element("div", { class: "panels" });
  const readout = element("div", { class: "readout number", "aria-live": "polite" });
  const apart = element("div", { class: "apart" });
  const memories = element("div", { class: "memories" });
  const inLegend = element("div");
  host.append(panels, readout, apart, memories, inLegend);
  const legend = createLegend(inLegend);
  let header = null, grids = [], strips = [], selected = 0, send = null, wide = 0;

  const theme = () => themeOf(host);
  const resultAt = () => header.panels.findIndex(({ links }) => links.length);

  const make = () => {
    while (grids.length > header.panels.length) grids.pop().remove();
    while (grids.length < header.panels.length) {
      const at = grids.length;
      grids.push(createGrid(panels, {
        onPoint: (cell) => point(at, cell),
        onPick: (flat) => pick(at, flat),
        onEdit: (flat, text) => send("edited", { name: header.panels[at].name, place: flat, text, at: Date.now() }),
      }));
    }
    while (strips.length > header.memories.length) strips.pop().remove();
    while (strips.length < header.memories.length) {
      const at = strips.length;
      strips.push(createMemory(memories, { onPoint: (place) => pointMemory(at, place) }));
    }
  };

  const layout = () => {
    if (!header) return;
    wide = host.clientWidth;
    const shared = { limit: header.limit, theme: theme(), table: signedTable(theme().dark), room: Math.max(120, wide) };
    grids.forEach((grid, at) => grid.set(header.panels[at], shared));
    strips.forEach((strip, at) => strip.set(header.memories[at], shared));
    legend.show(header.legend, header.legend ? header.limit : null, theme().dark);
    rest();
  };

  // Nothing is pointed at: what was picked is taken apart.
  const rest = () => {
    const at = resultAt();
    const cell = at < 0 ? null : grids[at].shownAt(selected);
    const resting = header.resting === null ? null : grids[0].shownAt(header.resting);
    if (cell !== null) show(at, { at: cell, ...grids[at].indexOf(cell) });
    else if (resting !== null) show(0, { at: resting, ...grids[0].indexOf(resting) });
    else clear();
    const hint = element("div", { class: "hint" }, header.hint || "\u00a0");
    if (header.hint && cell === null) resting === null ? readout.replaceChildren(hint) : readout.append(hint);
    else if (cell === null) readout.replaceChildren(hint);
  };
  const clear = () => {
    grids.forEach((grid) => grid.mark(new Map()));
    strips.forEach((strip) => strip.mark(new Map(), []));
    apart.replaceChildren();
  };
  const point = (panel, cell) => (cell ? show(panel, cell) : rest());
  const pick = (panel, flat) => {
    if (panel !== resultAt()) return;
    selected = flat;
    send("selected", flat);
  };

  // Steps along each dim, one after the other, from the first element to that at `index`; many of them at once.
  const jumpsTo = ({ offset, strides }, index) => {
    let place = offset;
    return index.flatMap((steps, dim) => {
      if (!strides[dim] || !steps) return [];
      const [count, length] = steps > MOST_JUMPS ? [1, steps * strides[dim]] : [steps, strides[dim]];
      return Array.from({ length: count }, () => ({ from: place, to: (place += length), dim }));
    });
  };

  const show = (which, cell) => {
    const marks = grids.map(() => new Map());
    const panel = header.panels[which];
    const flat = grids[which].flatOf(cell.index);
    const [own, other] = [theme().primary, theme().lines[1]];
    marks[which].set(cell.at, own);
    const place = panel.memory === null ? null : grids[which].placeOf(cell.index);
    if (place !== null) samePlace(panel.memory, place, marks, own);
    panel.links.forEach(({ panel: to, cells }) => cells[flat]?.forEach((from) => {
      const at = grids[to].shownAt(from);
      if (at !== null) marks[to].set(at, other);
    }));
    // And from what something is made of to all that is made of it.
    header.panels.forEach(({ links }, made) => links.forEach(({ panel: from, cells }) => {
      if (from !== which) return;
      cells.forEach((sources, result) => {
        if (!sources.includes(flat)) return;
        const at = grids[made].shownAt(result);
        if (at !== null) marks[made].set(at, other);
      });
    }));
    grids.forEach((grid, at) => grid.mark(marks[at]));
    strips.forEach((strip, at) => {
      const mine = at === panel.memory && strip.shownAt(place) !== null;
      strip.mark(mine ? new Map([[strip.shownAt(place), own]]) : new Map(), mine ? jumpsTo(panel, cell.index) : []);
    });
    tell(panel, cell, place);
    takeApart(panel, flat);
  };

  const samePlace = (memory, place, marks, colour) =>
    grids.forEach((grid, at) => {
      if (header.panels[at].memory !== memory) return;
      grid.all().forEach((one) => grid.placeOf(grid.indexOf(one).index) === place && marks[at].set(one, colour));
    });

  const bytesAt = (memory, place) => {
    const { itemsize, hex, places } = header.memories[memory];
    const at = places.indexOf(place);
    const [first, last] = [place * itemsize, (place + 1) * itemsize - 1];
    const where = header.texts.bytes.replace("{first}", first).replace("{last}", last);
    const text = at < 0 ? "" : hex.slice(2 * at * itemsize, 2 * (at + 1) * itemsize).replace(/../g, " $&");
    return `${where}:${text}`;
  };

  const tell = (panel, cell, place) => {
    const name = panel.index ?? panel.name;
    const value = `${name}${cell.index.length ? `[${cell.index.join(", ")}]` : ""} = ${panel.texts[cell.at]}`;
    const parts = [value];
    if (place !== null) {
      const sum = cell.index.map((at, dim) => ` + ${at}×${panel.strides[dim]}`).join("");
      const reached = header.texts.place.replace("{sum}", `${panel.offset}${sum} = ${place}`);
      parts.push(reached, bytesAt(panel.memory, place));
    }
    const note = panel.notes?.[grids[header.panels.indexOf(panel)].flatOf(cell.index)];
    readout.replaceChildren(element("div", {}, parts.join(" · ")), ...(note ? [element("div", { class: "note" }, note)] : []));
  };

  const pointMemory = (memory, at) => {
    if (at === null) return rest();
    const { name, places, texts } = header.memories[memory];
    const marks = grids.map(() => new Map());
    samePlace(memory, places[at], marks, theme().primary);
    grids.forEach((grid, which) => grid.mark(marks[which]));
    strips.forEach((strip, which) => strip.mark(which === memory ? new Map([[at, theme().primary]]) : new Map(), []));
    const names = marks.flatMap((cells, which) =>
      [...cells.keys()].slice(0, 4).map((cell) => `${header.panels[which].index ?? header.panels[which].name}[${grids[which].indexOf(cell).index.join(", ")}]`));
    const where = header.texts.stored.replace("{place}", places[at]);
    readout.textContent = [`${name}: ${where} = ${texts[at]}`, bytesAt(memory, places[at]), ...names].join(" · ");
  };

  // A sum of products, term by term.
  const takeApart = (panel, flat) => {
    const terms = panel.products?.[flat];
    apart.replaceChildren();
    if (!terms?.length) return;
    const of = ({ panel: from, cells }) => cells[flat].map((place) => {
      const at = grids[from].shownAt(place);
      return at === null ? "…" : header.panels[from].texts[at];
    });
    const row = (name, values, strong) =>
      element("tr", { class: strong ? "strong" : null }, element("th", { scope: "row" }, name), ...values.map((text) => element("td", { class: "number" }, text)));
    const [left, right] = panel.links;
    const total = panel.totals[flat];
    apart.append(element("div", { class: "scroll" }, element("table", {},
      row(header.panels[left.panel].name, of(left)),
      row(`× ${header.panels[right.panel].name}`, of(right)),
      row("=", terms, true),
    )), element("div", { class: "total number" }, `${terms.length > 1 ? "Σ " : ""}= ${total}`));
  };

  const update = ({ header: next }, component) => {
    const same = header?.name === next.name;
    send = component.setStateValue;
    header = next;
    selected = next.selected ?? (same ? selected : 0);
    make();
    layout();
    host.dataset.version = Number(host.dataset.version ?? 0) + 1;
  };
  return { update, resized: () => header && host.clientWidth !== wide && layout() };
};
