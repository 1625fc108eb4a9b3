// A photograph at its stages, with boxes on it that can be hovered, clicked, and walked through by the arrow keys.

export default (component, css) => mountView(component, css, createPhoto);

const createPhoto = (host) => {
  const layerSwitch = element("div", { class: "switch", role: "group" });
  const picture = element("img", { draggable: "false" });
  const frame = element("div", { class: "frame" }, picture);
  const note = element("div", { class: "note quiet number" });
  const title = element("div", { class: "title" });
  const sentence = element("p", { class: "sentence", role: "status" });
  const stages = element("div", { class: "stages" });
  const pen = element("div", { class: "pen quiet" });
  const { bars, show: showBars } = createBars();
  const detail = element("div", { class: "detail" }, title, sentence, stages, pen, bars);
  host.append(element("div", { class: "view" }, element("div", {}, layerSwitch, frame, note), detail));

  const TELL = 200; // milliseconds after which a selection by the keyboard is told
  let header, send, urls = [], sheet = null, layer = 0, selected = 0, hovered = null, timer, drawnFrom = "";
  let boxes = [];

  const select = (index, late = false) => {
    selected = index;
    hovered = null;
    mark();
    clearTimeout(timer);
    timer = setTimeout(() => send("selected", selected), late ? TELL : 0);
  };

  const mark = () => {
    boxes.forEach((box, i) => {
      box.setAttribute("aria-pressed", String(i === selected));
      box.tabIndex = i === selected ? 0 : -1;
    });
    showDetail();
  };

  const showDetail = () => {
    const index = hovered ?? selected;
    const found = header.boxes[index];
    detail.hidden = !found;
    host.dataset.shown = found ? index : "";
    if (!found) return;
    const { texts } = header;
    title.textContent = texts.digit.replace("{number}", index + 1).replace("{count}", header.boxes.length);
    if (sentence.textContent !== found.sentence) sentence.textContent = found.sentence;
    pen.textContent = found.note;
    showBars(found.bars);
    bars.classList.toggle("faint", found.answer === null);
    paintStages(index);
  };

  const paintStages = (index) => {
    const side = sheet ? sheet.width / header.stages.length : 0;
    [...stages.querySelectorAll("canvas")].forEach((canvas, i) => {
      const [width, height] = header.tiles[index][i];
      const square = Math.max(width, height);
      Object.assign(canvas, { width: square, height: square });
      canvas.classList.toggle("pixels", i === header.stages.length - 1);
      const brush = canvas.getContext("2d");
      brush.fillStyle = i === header.stages.length - 1 ? "#000" : "#fff";
      brush.fillRect(0, 0, square, square);
      if (!sheet) return;
      const [x, y] = [(square - width) >> 1, (square - height) >> 1];
      brush.drawImage(sheet, i * side, index * side, width, height, x, y, width, height);
    });
  };

  const showLayer = () => {
    const { title: name, note: text } = header.layers[layer];
    picture.src = urls[layer];
    picture.alt = `${header.label} ${name}`;
    note.textContent = text;
    [...layerSwitch.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === layer)));
  };

  const build = () => {
    layerSwitch.setAttribute("aria-label", header.texts.stage);
    layerSwitch.replaceChildren(
      ...header.layers.map(({ title: name }, i) =>
        element("button", { type: "button", onclick: () => ((layer = i), showLayer()) }, name),
      ),
    );
    stages.replaceChildren(
      ...header.stages.map((name) =>
        element("figure", {}, element("canvas", { role: "img", "aria-label": name }), element("figcaption", {}, name)),
      ),
    );
    boxes = header.boxes.map(({ box: [left, top, right, bottom], answer, sentence: said }, i) => {
      const place = `left:${100 * left}%;top:${100 * top}%;width:${100 * (right - left)}%;height:${100 * (bottom - top)}%`;
      const number = header.texts.digit.replace("{number}", i + 1).replace("{count}", header.boxes.length);
      const kind = `box${answer === null ? " doubt" : ""}${top < 0.05 ? " low" : ""}`;
      const chip = element("span", { class: "chip" }, answer ?? "?");
      return element(
        "button",
        {
          type: "button", class: kind, style: place, "aria-label": `${number}. ${said}`,
          onclick: () => select(i),
          onpointerenter: () => ((hovered = i), showDetail()),
          onpointerleave: () => ((hovered = null), showDetail()),
        },
        chip,
      );
    });
    frame.replaceChildren(picture, ...boxes);
    frame.classList.toggle("many", boxes.length > 30);
    const [width, height] = header.size;
    frame.style.aspectRatio = `${width} / ${height}`;
    frame.style.width = `min(100%, calc(72vh * ${width / height}))`;
  };

  frame.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const last = boxes.length - 1;
    let next = null;
    if (event.key in steps) next = Math.min(last, Math.max(0, selected + steps[event.key]));
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = last;
    if (next === null || last < 0) return;
    event.preventDefault();
    select(next, true);
    boxes[next].focus();
  });

  const update = async ({ header: next, blobs }, component) => {
    send = component.setStateValue;
    const text = JSON.stringify(next);
    if (text === drawnFrom) return; // the same photograph and answers again
    drawnFrom = text;
    header = next;
    host.dataset.boxes = header.boxes.length;
    urls.forEach((url) => URL.revokeObjectURL(url));
    urls = blobs.slice(1).map((blob) => URL.createObjectURL(new Blob([blob])));
    layer = Math.min(layer, header.layers.length - 1);
    selected = Math.min(selected, Math.max(0, header.boxes.length - 1));
    hovered = null;
    sheet = null;
    build();
    showLayer();
    mark();
    if (!blobs[0].byteLength) return;
    const decoded = await createImageBitmap(new Blob([blobs[0]], { type: "image/png" }));
    if (drawnFrom !== text) return; // overtaken by another photograph
    sheet = decoded;
    showDetail();
  };

  const destroy = () => {
    clearTimeout(timer);
    urls.forEach((url) => URL.revokeObjectURL(url));
  };
  return { update, resized: () => {}, destroy };
};
