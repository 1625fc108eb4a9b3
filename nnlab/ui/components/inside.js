// A network while somebody draws: what each layer makes of the drawing, one of them in full, and what the
// answer is made of. Messages are compressed; of several that arrive at once, the last one is shown.

export default (component, css) => mountView(component, css, createInside);

const REST = 350; // milliseconds with the pen up, after which exact numbers are asked for
const LOOK = 700; // milliseconds between two looks at a computation that goes on

const inflate = async (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return unpack(new Uint8Array(await new Response(stream).arrayBuffer()));
};

const createInside = (host) => {
  const row = element("div", { class: "row", role: "listbox" });
  const title = element("h4");
  // In a tab of its own: another page of the address bar would be another session, without the drawing.
  const link = element("a", { class: "open", target: "_blank", rel: "noopener" });
  const perMap = element("button", { type: "button", onclick: () => setScope(true) });
  const perLayer = element("button", { type: "button", onclick: () => setScope(false) });
  const scope = element("span", { class: "quiet" });
  const scopes = element("div", { class: "scopes" }, scope, perMap, perLayer);
  const head = element("div", { class: "head" }, title, scopes, link);
  const slot = element("div", { class: "maps" });
  const readout = element("div", { class: "readout number", "aria-live": "polite" });
  const scale = element("div");
  const more = element("span", { class: "quiet" });
  const [over, sums, near] = ["over", "sums", "neighbours"].map((name) => element("section", { class: name }));
  host.append(row, head, slot, element("div", { class: "under" }, readout, scale, more), element("div", { class: "why" }, over, sums, near));
  const overlay = createOverlay(over);
  const added = createSums(sums, host);
  const nearest = createNear(near, () => component.setStateValue("again", Date.now()));
  const legend = createLegend(scale);
  let header, blobs, stages = [], maps, pointed = null, component, turn = 0, timer = null, looking = null;
  let own = false, wanted = null, down = false;

  const sheet = createSheet(slot, {
    label: () => `${header.layers[header.chosen].name} ${header.layers[header.chosen].size}`,
    onPoint: (at) => point(at),
    onKey: (event) => walk(event),
  });

  // A vector is shown as a rectangle of squares.
  const columnsOf = (length) => (length <= 24 ? length : Math.ceil(Math.sqrt(length * 3)));
  const frameOf = (values) => {
    if (values.height > 1 || values.count > 1) return { height: values.height, width: values.width };
    const width = columnsOf(values.width);
    return { width, height: Math.ceil(values.width / width) };
  };

  const makeRow = () => {
    stages = header.layers.map(({ name, title: written, size }, index) => {
      const button = element("button", { type: "button", role: "option", title: name, onclick: () => choose(index) },
        element("b", {}, written), element("span", { class: "quiet number" }, size));
      const thumbs = element("div", { class: "thumbs", onclick: () => choose(index), "aria-hidden": "true" });
      return { button, thumbs, box: element("div", { class: "stage" }, button, thumbs), canvases: [] };
    });
    row.replaceChildren(...stages.map(({ box }) => box));
  };

  const drawThumbs = (table) => {
    header.layers.forEach((layer, index) => {
      const stage = stages[index];
      const values = createValues(layer.maps, blobs);
      const vector = layer.maps.shape.length === 2;
      if (stage.canvases.length !== values.count) {
        stage.canvases = Array.from({ length: values.count }, () => element("canvas"));
        stage.thumbs.replaceChildren(...stage.canvases);
        stage.thumbs.classList.toggle("vector", vector);
      }
      const width = vector ? (values.size <= 16 ? 1 : Math.ceil(Math.sqrt(values.size / 2))) : values.width;
      const height = vector ? Math.ceil(values.size / width) : values.height;
      if (vector) stage.thumbs.style.maxWidth = `${Math.min(3.6, 0.65 * width)}rem`;
      stage.canvases.forEach((canvas, map) =>
        fillPixels(canvas, width, height, (pixels, place) => {
          if (place < values.size) paintSigned(pixels, place, values.of(map, place) / (values.limits[map] || 1), table);
        }));
      stage.button.setAttribute("aria-selected", index === header.chosen);
      stage.button.tabIndex = index === header.chosen ? 0 : -1;
    });
  };

  const drawMaps = (table) => {
    maps = createValues(header.maps, blobs);
    const vector = header.maps.shape.length === 2;
    const { height, width } = vector ? frameOf(maps) : maps;
    const shared = header.maps.limit || 1;
    const paint = (pixels, at, map, place) => {
      if (place >= maps.size) return;
      paintSigned(pixels, at, maps.of(map, place) / (own ? maps.limits[map] || 1 : shared), table);
    };
    const most = vector ? Math.min(760, 26 * width) : maps.count === 1 ? 220 : maps.count <= 8 ? 120 : maps.count <= 36 ? 76 : 60;
    const columns = vector ? 1 : Math.max(4, Math.floor((slot.clientWidth + SHEET_GAP) / (Math.min(most, 52) + SHEET_GAP)));
    sheet.set({ count: maps.count, height, width, columns, most, paint });
    legend.show("", own && maps.count > 1 ? "max" : shared, themeOf(host).dark);
    point(pointed);
  };

  const draw = () => {
    if (!header) return;
    const table = signedTable(themeOf(host).dark);
    drawThumbs(table);
    drawMaps(table);
    overlay.draw();
    added.draw();
  };

  // Where a drawn value stands in the output of the layer, and what it is.
  const point = (at) => {
    pointed = at;
    sheet.mark([]);
    readout.textContent = header.exact ? header.texts.point : header.texts.moving;
    readout.classList.toggle("quiet", true);
    if (!at || !maps || at.map >= maps.count) return;
    const vector = header.maps.shape.length === 2;
    const { width } = vector ? frameOf(maps) : maps;
    const place = at.y * width + at.x;
    if (place >= maps.size) return;
    const value = maps.of(at.map, place);
    const layer = header.layers[header.chosen];
    const where = vector ? [place] : [at.map, at.y, at.x];
    const label = header.maps.labels?.[place] ? ` (${header.maps.labels[place]})` : "";
    sheet.mark([{ map: at.map, cells: [[at.y, at.x]], colour: themeOf(host).primary }]);
    readout.classList.toggle("quiet", false);
    // While the pen moves, a value may be the mean of several places.
    readout.textContent = maps.exact ? `${layer.name}[${where.join(", ")}]${label} = ${float32Text(value)}` : `${layer.name} ≈ ${shortNumber(value)}`;
  };
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const walk = (event) => {
    const step = STEPS[event.key];
    if (!step || !maps) return;
    event.preventDefault();
    const { height, width } = header.maps.shape.length === 2 ? frameOf(maps) : maps;
    const from = pointed ?? { map: 0, y: 0, x: -step[1] };
    let x = from.x + step[1];
    let map = from.map;
    if (x < 0 && map > 0) [map, x] = [map - 1, width - 1];
    if (x >= width && map + 1 < maps.count) [map, x] = [map + 1, 0]; // on into the next map
    const within = (value, count) => Math.max(0, Math.min(count - 1, value));
    point({ map, y: within(from.y + step[0], height), x: within(x, width) });
  };

  const setScope = (each) => {
    own = each;
    showScope();
    draw();
  };
  const showScope = () => {
    perMap.setAttribute("aria-pressed", own);
    perLayer.setAttribute("aria-pressed", !own);
  };
  const choose = (index) => {
    pointed = null;
    component.setStateValue("chosen", header.layers[index].name);
  };
  row.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(stages.length - 1, header.chosen + by));
    stages[next].button.focus();
    choose(next);
  });

  const bringIntoView = () => {
    const [box, view] = [stages[header.chosen].box.getBoundingClientRect(), row.getBoundingClientRect()];
    if (box.left < view.left || box.right > view.right) row.scrollLeft += box.left - view.left - view.width / 3;
  };

  const show = () => {
    const { texts, layers } = header;
    const layer = layers[header.chosen];
    row.setAttribute("aria-label", texts.layers);
    title.textContent = `${layer.name} · ${layer.size}`;
    link.textContent = texts.open;
    link.href = header.link;
    scope.textContent = texts.scale;
    perMap.textContent = texts.perMap;
    perLayer.textContent = texts.perLayer;
    scopes.hidden = header.maps.shape[0] < 2;
    more.textContent = header.maps.more;
    showScope();
    overlay.show(header, blobs);
    added.show(header, blobs);
    const working = nearest.show(header, blobs);
    draw();
    if (wanted !== layer.name) bringIntoView();
    wanted = layer.name;
    Object.assign(host.dataset, { mark: header.mark, exact: header.exact, near: header.near.images?.length ?? 0, updates: Number(host.dataset.updates ?? 0) + 1 });
    clearTimeout(timer);
    clearTimeout(looking);
    if (!header.exact && !header.moving && !down) timer = setTimeout(() => component.setStateValue("rest", header.mark), REST);
    if (working) looking = setTimeout(() => component.setStateValue("tick", Date.now()), LOOK);
  };

  // Exact numbers are large: who goes on drawing does not want them. At pen-up there is another message.
  const penMoved = ({ detail }) => {
    down = detail.down;
    if (down) clearTimeout(timer);
  };
  document.addEventListener(PEN_EVENT, penMoved);

  const update = async ({ blobs: [packed] }, mounted) => {
    component = mounted;
    turn += 1;
    const mine = turn;
    const found = await inflate(packed);
    if (mine !== turn) return; // a newer one has come meanwhile
    const names = (layers) => JSON.stringify(layers?.map(({ name, size }) => [name, size]));
    const others = names(header?.layers) !== names(found.header.layers);
    ({ header, blobs } = found);
    if (others) makeRow();
    show();
  };
  return {
    update,
    resized: draw,
    destroy: () => {
      document.removeEventListener(PEN_EVENT, penMoved);
      clearTimeout(timer);
      clearTimeout(looking);
    },
  };
};
