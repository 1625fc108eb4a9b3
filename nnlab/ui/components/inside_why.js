// What an answer is made of: an overlay on the drawing, the sums of the last layer, the nearest images.

// Values of a message: float32 as they are, or whole steps of the largest magnitude of each map.
const createValues = ({ shape, limits, steps, at }, blobs) => {
  const raw = steps ? new Int8Array(blobs[at]) : new Float32Array(blobs[at]);
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const of = steps ? (map, place) => (raw[map * size + place] / steps) * limits[map] : (map, place) => raw[map * size + place];
  return { of, size, count: shape[0], height: shape.length > 2 ? shape[1] : 1, width: shape.at(-1), limits, exact: !steps };
};

const greyAt = (image, shape, place) => {
  if (shape.length === 2) return [image[place], image[place], image[place]];
  return [image[3 * place], image[3 * place + 1], image[3 * place + 2]];
};

const fillPixels = (canvas, width, height, colour) => {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let place = 0; place < width * height; place += 1) colour(picture.data, place);
  context.putImageData(picture, 0, 0);
};

// The drawing, and over it values of the same size: the stronger, the more of their colour.
const createOverlay = (section) => {
  const title = element("h4");
  const canvas = element("canvas", { class: "drawing", tabindex: 0, role: "img" });
  const slider = element("input", { type: "range", min: 0, max: 100, value: 75 });
  const name = element("span");
  const about = element("p", { class: "quiet about" });
  const readout = element("div", { class: "readout number" });
  const scale = element("div");
  section.append(title, canvas, readout, element("label", {}, name, slider), scale, about);
  const legend = createLegend(scale);
  let shown = null, pointed = null;

  const draw = () => {
    if (!shown) return;
    const { image, shape, values } = shown;
    const table = signedTable(true); // the image is light on black, whatever the page is
    const [height, width] = shape;
    const limit = values ? values.limits[0] || 1 : 1;
    const colour = new Uint8ClampedArray(4);
    const opacity = Number(slider.value) / 100;
    fillPixels(canvas, width, height, (pixels, place) => {
      const base = greyAt(image, shape, place).map((tone) => (values ? 0.55 : 1) * tone);
      let share = 0;
      if (values) {
        const value = values.of(0, place) / limit;
        paintSigned(colour, 0, Math.sign(value) * Math.max(0.55, Math.abs(value)), table);
        share = Number.isNaN(value) ? 0 : opacity * Math.sqrt(Math.min(1, Math.abs(value)));
      }
      for (let c = 0; c < 3; c += 1) pixels[4 * place + c] = base[c] + share * (colour[c] - base[c]);
      pixels[4 * place + 3] = 255;
    });
    point(pointed);
  };
  const point = (at) => {
    pointed = at;
    readout.textContent = "\u00a0";
    if (!at || !shown?.values) return;
    const [height, width] = shown.shape;
    if (at.y >= height || at.x >= width) return;
    const value = shown.values.of(0, at.y * width + at.x);
    readout.textContent = `[${at.y}, ${at.x}] = ${shown.values.exact ? float32Text(value) : `≈ ${shortNumber(value)}`}`;
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const [height, width] = shown.shape;
    const place = (from, at, size, count) => Math.max(0, Math.min(count - 1, Math.floor(((at - from) / size) * count)));
    point({ y: place(box.top, event.clientY, box.height, height), x: place(box.left, event.clientX, box.width, width) });
  });
  canvas.addEventListener("pointerleave", () => point(null));
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    const from = pointed ?? { y: Math.floor(shown.shape[0] / 2), x: Math.floor(shown.shape[1] / 2) };
    const within = (value, count) => Math.max(0, Math.min(count - 1, value));
    point({ y: within(from.y + step[0], shown.shape[0]), x: within(from.x + step[1], shown.shape[1]) });
  });
  slider.addEventListener("input", draw);

  const show = (header, blobs) => {
    const { over, texts } = header;
    const values = over.values ? createValues(over.values, blobs) : null;
    shown = { image: new Uint8Array(blobs[header.image.at]), shape: header.image.shape, values };
    title.textContent = texts.over;
    name.textContent = texts.opacity;
    slider.disabled = !values;
    about.textContent = over.about ?? over.sentence;
    canvas.setAttribute("aria-label", `${texts.over}: ${over.about ?? over.sentence}`);
    legend.show("", values ? values.limits[0] : null, true);
    draw();
  };
  return { show, draw };
};

const signed = (value, digits = 3) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

// The largest products on both sides of zero, the rest, the bias, and what they add up to.
const createSums = (section, host) => {
  const title = element("h4");
  const sentence = element("p", { class: "quiet" });
  const columns = ["above", "below"].map((side) => element("div", { class: `products ${side}` }));
  const total = element("div", { class: "total" });
  const note = element("p", { class: "quiet about" });
  const places = element("canvas", { class: "places", role: "img" });
  const placesName = element("span", { class: "quiet" });
  const placed = element("div", { class: "placed" }, places, placesName);
  const both = element("div", { class: "both" }, ...columns);
  section.append(title, sentence, both, total, note, placed);
  let shown = null;

  const rowsOf = (pairs, widest) =>
    pairs.map(([name, value]) => {
      const bar = element("i");
      bar.style.width = `${(100 * Math.abs(value)) / widest}%`;
      const number = element("span", { class: "number", title: float32Text(value) }, signed(value));
      return [element("span", { class: "name" }, name), element("span", { class: "track" }, bar), number];
    });
  const draw = () => {
    if (!shown?.values) return;
    const table = signedTable(themeOf(host).dark);
    const { values } = shown;
    fillPixels(places, values.width, values.height, (pixels, place) =>
      paintSigned(pixels, place, values.of(0, place) / (values.limits[0] || 1), table));
  };
  const show = (header, blobs) => {
    const { sums, texts } = header;
    title.textContent = texts.sums;
    sentence.textContent = sums.sentence ?? sums.about;
    for (const part of [both, total, note]) part.hidden = Boolean(sums.sentence);
    shown = sums.places ? { values: createValues(sums.places, blobs) } : null;
    placed.hidden = !shown;
    if (sums.sentence) return;
    const widest = Math.max(1e-12, ...[...sums.above, ...sums.below].map(([, value]) => Math.abs(value)));
    columns[0].replaceChildren(...rowsOf(sums.above, widest).flat());
    columns[1].replaceChildren(...rowsOf(sums.below, widest).flat());
    const added = (pairs) => pairs.reduce((sum, [, value]) => sum + value, 0);
    const line = (name, value, text) => [element("span", {}, name), element("span", { class: "number" }, text ?? signed(value))];
    total.replaceChildren(
      ...line("Σ +", added(sums.above)),
      ...line("Σ −", added(sums.below)),
      ...line(sums.restName, sums.rest),
      ...line(texts.bias, sums.bias),
      ...line(sums.result, sums.logit, `= ${float32Text(sums.logit).replace("-", "−")}`),
    );
    note.textContent = sums.note;
    placesName.textContent = texts.places;
    places.setAttribute("aria-label", texts.places);
    draw();
  };
  return { show, draw };
};

// Training images, the nearest first; before they are known, how far their computation has come.
const createNear = (section, again) => {
  const title = element("h4");
  const sentence = element("p", { class: "quiet" });
  const bar = element("progress", { max: 1, value: 0 });
  const row = element("div", { class: "near" });
  const about = element("p", { class: "quiet about" });
  const retry = element("button", { type: "button", onclick: again });
  section.append(title, sentence, retry, bar, row, about);
  const show = (header, blobs) => {
    const { near, texts } = header;
    title.textContent = texts.near;
    const working = near.done !== undefined;
    const said = texts.working.replace("{done}", near.done?.toLocaleString()).replace("{of}", near.of?.toLocaleString());
    sentence.textContent = near.sentence ?? (near.waiting ? texts.waiting : working ? said : "");
    sentence.hidden = !sentence.textContent;
    retry.textContent = texts.again;
    retry.hidden = !near.failed;
    bar.hidden = !working;
    if (near.of) bar.value = near.done / near.of;
    else bar.removeAttribute("value");
    about.textContent = near.about ?? "";
    row.replaceChildren(
      ...(near.images ?? []).map(({ image, label, distance, index }) => {
        const shape = image.shape;
        const pixels = new Uint8Array(blobs[image.at]);
        const number = texts.number.replace("{index}", index.toLocaleString());
        const told = texts.distance.replace("{distance}", distance.toFixed(2));
        const canvas = element("canvas", { role: "img", "aria-label": `${label}, ${told}`, title: number });
        fillPixels(canvas, shape[1], shape[0], (data, place) => data.set([...greyAt(pixels, shape, place), 255], 4 * place));
        return element("figure", {}, canvas, element("b", {}, label), element("span", { class: "number", title: told }, distance.toFixed(2)));
      }),
    );
    row.hidden = !row.children.length;
    return working;
  };
  return { show };
};
