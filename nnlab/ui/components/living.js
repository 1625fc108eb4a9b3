// A digit on its way through a network. All numbers are PyTorch's; only the pace is ours.

export default (component, css) => mountView(component, css, createLiving);

const SECONDS = 6; // for the window to pass over the whole image
const PAUSE_AFTER = 4; // seconds in which the answer is looked at

const createLiving = (host) => {
  const pixels = (name) => element("canvas", { class: `pixels ${name}`, "aria-hidden": "true" });
  const [digit, patch, kernel] = [pixels("digit"), pixels("patch"), pixels("kernel")];
  const frame = element("div", { class: "frame" });
  const titles = ["digit", "window", "maps", "answer"].map(() => element("h4"));
  const [total, bias, result] = [1, 2, 3].map(() => element("b", { class: "number" }));
  const labels = [1, 2, 3].map(() => element("span", { class: "quiet" }));
  const sums = element("div", { class: "sums" });
  [total, bias, result].forEach((value, i) => sums.append(labels[i], value));
  const maps = element("div", { class: "maps" });
  const scale = element("canvas", { class: "scale", "aria-hidden": "true" });
  const ends = [1, 2, 3].map(() => element("span", { class: "number" }));
  const legend = element("div", { class: "legend" }, scale, element("div", { class: "ends" }, ...ends));
  const { bars, show: showRows } = createBars();
  const sentence = element("p", { class: "sentence", role: "status" });
  const play = element("button", { type: "button", onclick: () => setPlaying(!playing) });
  const onward = element("button", { type: "button", onclick: () => askNext() });
  const stage = element("div", { class: "digit-stage" }, digit, frame);
  host.append(
    element(
      "div",
      { class: "story" },
      element("section", { class: "one" }, titles[0], stage),
      element("section", { class: "two" }, titles[1],
        element("div", { class: "product" }, patch, element("span", {}, "×"), kernel), sums),
      element("section", { class: "three" }, titles[2], maps, legend),
      element("section", { class: "four" }, titles[3], bars, sentence),
    ),
    element("div", { class: "tools" }, play, onward),
  );

  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let header, image, seen, filters, biases, values, limit, filterLimit, component;
  let at = 0, chosen = 0, hovered = null, playing = !still, last = null, held = 0, asked = false, ticking = null;
  let visible = true, buttons = [], theme;

  const size = () => header.maps[1] * header.maps[2];

  const fill = (canvas, width, height, colour) => {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const picture = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) colour(picture.data, i);
    context.putImageData(picture, 0, 0);
  };
  const grey = (data, i, value) => data.set([value, value, value, 255], 4 * i);

  // The byte of the image under a place of what the convolution sees, which has padding around it.
  const byteAt = (x, y) => {
    const [h, w] = header.image;
    const [top, left] = [(header.seen[0] - h) / 2, (header.seen[1] - w) / 2];
    const [ix, iy] = [x - left, y - top];
    return ix < 0 || iy < 0 || ix >= w || iy >= h ? 0 : image[iy * w + ix];
  };

  const drawStill = () => {
    theme = themeOf(host);
    const table = signedTable(theme.dark);
    const [h, w] = header.seen;
    fill(digit, w, h, (data, i) => grey(data, i, byteAt(i % w, Math.floor(i / w))));
    const [count, fh, fw] = header.filters;
    fill(kernel, fw, fh, (data, i) => paintSigned(data, i, filters[chosen * fh * fw + i] / filterLimit, table));
    buttons.forEach(({ filter, button }, k) => {
      fill(filter, fw, fh, (data, i) => paintSigned(data, i, filters[k * fh * fw + i] / filterLimit, table));
      button.setAttribute("aria-pressed", k === chosen);
    });
    drawMaps(count, table);
    drawSignedBar(scale, 180, 8, theme.dark);
    [-limit, 0, limit].forEach((end, i) => (ends[i].textContent = shortNumber(end).replace("-", "−")));
  };

  const drawMaps = (count, table) => {
    const [, h, w] = header.maps;
    const done = Math.floor(at);
    for (let k = 0; k < count; k += 1)
      fill(buttons[k].map, w, h, (data, i) => i < done && paintSigned(data, i, values[k * h * w + i] / limit, table));
  };

  const drawMoment = () => {
    const table = signedTable(theme.dark);
    const [count, fh, fw] = header.filters;
    const [, mh, mw] = header.maps;
    drawMaps(count, table);
    const place = hovered ?? Math.min(size() - 1, Math.floor(at));
    const [x, y] = [place % mw, Math.floor(place / mw)];
    const side = digit.clientWidth / header.seen[1];
    frame.style.transform = `translate(${x * side}px, ${y * side}px)`;
    Object.assign(frame.style, { width: `${fw * side}px`, height: `${fh * side}px` });
    fill(patch, fw, fh, (data, i) => grey(data, i, byteAt(x + (i % fw), y + Math.floor(i / fw))));
    let sum = 0;
    for (let i = 0; i < fh * fw; i += 1)
      sum += seen[(y + Math.floor(i / fw)) * header.seen[1] + x + (i % fw)] * filters[chosen * fh * fw + i];
    const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(3);
    total.textContent = signed(sum);
    bias.textContent = signed(biases[chosen]);
    result.textContent = signed(values[chosen * mh * mw + place]);
    host.dataset.place = place;
    host.dataset.result = float32Text(values[chosen * mh * mw + place]);
    showBars(at >= size());
  };

  const showBars = (told) => {
    showRows(told ? header.bars : header.bars.map(({ name }) => ({ name, percent: null })));
    const words = told ? header.sentence : "\u00a0";
    if (sentence.textContent !== words) sentence.textContent = words;
  };

  const tick = (now) => {
    ticking = null;
    const passed = last === null ? 0 : Math.min(0.1, (now - last) / 1000);
    last = now;
    if (!playing || !visible || hovered !== null || !host.isConnected) return;
    if (at < size()) {
      at = Math.min(size(), at + (passed * size()) / SECONDS);
      drawMoment();
    } else {
      held += passed;
      if (held > PAUSE_AFTER) return askNext();
    }
    run();
  };
  const run = () => {
    if (playing && visible && hovered === null && !asked) ticking ??= requestAnimationFrame(tick);
  };
  const setPlaying = (on) => {
    playing = on;
    last = null;
    if (on && at >= size()) [at, held] = [0, 0];
    play.textContent = header.texts[on ? "pause" : "play"];
    run();
  };
  const askNext = () => {
    if (asked) return;
    asked = true;
    component.setTriggerValue("next", header.number + 1);
  };

  const hover = (canvas, shape, offset) => {
    canvas.addEventListener("pointermove", (event) => {
      const edge = canvas.getBoundingClientRect();
      const across = Math.floor(((event.clientX - edge.left) / edge.width) * shape()[1]) - offset()[1];
      const down = Math.floor(((event.clientY - edge.top) / edge.height) * shape()[0]) - offset()[0];
      const [, h, w] = header.maps;
      hovered = Math.max(0, Math.min(h - 1, down)) * w + Math.max(0, Math.min(w - 1, across));
      drawMoment();
    });
    canvas.addEventListener("pointerleave", () => {
      hovered = last = null;
      drawMoment();
      run();
    });
  };
  hover(digit, () => header.seen, () => [(header.filters[1] - 1) / 2, (header.filters[2] - 1) / 2].map(Math.floor));

  const makeMaps = () => {
    buttons = Array.from({ length: header.filters[0] }, (_, k) => {
      const [map, filter] = [pixels("map"), pixels("filter")];
      const choose = () => {
        chosen = k;
        drawStill();
        drawMoment();
      };
      const button = element("button", { type: "button", onclick: choose }, map, filter);
      hover(map, () => header.maps.slice(1), () => [0, 0]);
      map.addEventListener("pointerenter", choose);
      return { map, filter, button };
    });
    maps.replaceChildren(...buttons.map(({ button }) => button));
  };

  const watcher = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    last = null;
    run();
  });
  watcher.observe(host);

  const largest = (array) => array.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

  const update = ({ header: next, blobs }, mounted) => {
    component = mounted;
    const other = header?.number !== next.number;
    const remake = header?.filters[0] !== next.filters[0];
    header = next;
    image = new Uint8Array(blobs[0]);
    [seen, filters, biases, values] = blobs.slice(1).map((blob) => new Float32Array(blob));
    [limit, filterLimit] = [largest(values), largest(filters)];
    if (remake) makeMaps();
    buttons.forEach(({ button }, k) => button.setAttribute("aria-label", next.texts.filter.replace("{number}", k + 1)));
    if (other) {
      [at, held, last, asked] = [still ? size() : 0, 0, null, false];
      hovered = null;
    }
    ["digit", "window", "maps", "answer"].forEach((name, i) => (titles[i].textContent = next.texts[name]));
    ["sum", "bias", "result"].forEach((name, i) => (labels[i].textContent = next.texts[name]));
    play.textContent = next.texts[playing ? "pause" : "play"];
    onward.textContent = next.texts.next;
    host.dataset.number = next.number;
    drawStill();
    drawMoment();
    run();
  };

  const resized = () => header && drawMoment();
  const destroy = () => {
    watcher.disconnect();
    cancelAnimationFrame(ticking);
  };
  return { update, resized, destroy };
};
