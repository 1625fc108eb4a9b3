// One weight of a convolution: the part of the input that it meets, delta, and their products, as maps. The products
// are made here from PyTorch's floats, as float32; every sum that is written is PyTorch's own.

export default (component, css) => mountView(component, css, createWeight);

const createWeight = (host) => {
  const title = () => element("h4");
  const board = (name, ...children) => {
    const heading = title();
    const slot = element("div");
    const box = element("section", { class: name }, heading, slot, ...children);
    return { heading, slot, box };
  };
  const cells = element("div", { class: "cells", role: "radiogroup" });
  const kernel = board("kernel");
  kernel.slot.append(cells);
  const [input, delta, products] = ["input", "delta", "products"].map((name) => board(name));
  const sign = (written) => element("span", { class: "sign", "aria-hidden": "true" }, written);
  const row = element("div", { class: "row" }, kernel.box, input.box, sign("×"), delta.box, sign("="), products.box);
  const readout = element("div", { class: "readout number" });
  const images = board("images");
  const list = element("div", { class: "list", role: "radiogroup" });
  images.slot.append(list);
  const result = element("dl", { class: "result" });
  const note = element("p", { class: "note quiet" });
  const kernels = board("kernels");
  const inLegends = element("div", { class: "legends" });
  host.append(row, readout, images.box, result, note, kernels.box, inLegends);
  const legends = Object.fromEntries(["x", "d", "p", "w"].map((name) => [name, createLegend(inLegends)]));

  let header, x, d, w, component, theme, table, place = [0, 0, 0, 0], image = 0, looked = null, telling;

  const text = (name, values = {}) => (header.texts[name] ?? "").replace(/\{(\w+)\}/g, (all, field) => values[field] ?? all);
  const mapSize = () => header.map[0] * header.map[1];
  const met = (y, x0) => [y * header.stride[0] + place[2] * header.dilation[0], x0 * header.stride[1] + place[3] * header.dilation[1]];
  const inputAt = (number, y, x0) => x[(number * header.input[0] + y) * header.input[1] + x0];
  const deltaAt = (number, at) => d[number * mapSize() + at];
  const productAt = (number, at) => {
    const [y, x0] = met(Math.floor(at / header.map[1]), at % header.map[1]);
    return Math.fround(inputAt(number, y, x0) * deltaAt(number, at));
  };
  const productLimit = () => {
    let most = 0;
    for (let number = 0; number < header.images; number += 1) for (let at = 0; at < mapSize(); at += 1) most = Math.max(most, Math.abs(productAt(number, at)));
    return most || 1;
  };

  const look = (at) => {
    looked = at;
    mark();
  };
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const walk = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const from = looked ?? { y: -step[0], x: -step[1] };
    const within = (value, size) => Math.max(0, Math.min(size - 1, value));
    look({ y: within(from.y + step[0], header.map[0]), x: within(from.x + step[1], header.map[1]) });
  };
  const overInput = (at) => {
    if (!at) return look(null);
    const back = [at.y - place[2] * header.dilation[0], at.x - place[3] * header.dilation[1]];
    const inside = back.every((value, axis) => value >= 0 && value % header.stride[axis] === 0 && value / header.stride[axis] < header.map[axis]);
    look(inside ? { y: back[0] / header.stride[0], x: back[1] / header.stride[1] } : null);
  };
  const onKey = walk;
  const sheets = {
    input: createSheet(input.slot, { label: () => text("inputMap"), onPoint: overInput }),
    delta: createSheet(delta.slot, { label: () => text("deltaMap"), onPoint: look, onKey }),
    products: createSheet(products.slot, { label: () => text("productMap"), onPoint: look, onKey }),
    kernels: createSheet(kernels.slot, {
      label: () => text("kernels"),
      onPick: ({ map }) => choose([Math.floor(map / header.kernel[1]), map % header.kernel[1], place[2], place[3]], image),
    }),
  };

  const mark = () => {
    const [height, width] = header.map;
    const [top, left] = met(0, 0);
    const [bottom, right] = met(height - 1, width - 1);
    const colour = theme.primary;
    const window = { map: 0, box: [top, left, bottom + 1, right + 1], colour };
    const here = looked && { map: 0, cells: [[looked.y, looked.x]], colour: theme.lines[1] };
    sheets.input.mark([window, ...(looked ? [{ map: 0, cells: [met(looked.y, looked.x)], colour: theme.lines[1] }] : [])]);
    sheets.delta.mark(here ? [here] : []);
    sheets.products.mark(here ? [here] : []);
    readout.textContent = "\u00a0";
    if (!looked) return;
    const at = looked.y * width + looked.x;
    const [y, x0] = met(looked.y, looked.x);
    const parts = [inputAt(image, y, x0), deltaAt(image, at), productAt(image, at)].map(float32Text);
    readout.textContent = `input[${image}, ${place[1]}, ${y}, ${x0}] × delta[${image}, ${place[0]}, ${looked.y}, ${looked.x}] = ${parts[0]} × ${parts[1]} = ${parts[2]}`.replaceAll("-", "−");
  };

  const paintOf = (value, limit) => (pixels, index, map, at) => paintSigned(pixels, index, value(at) / limit, table);
  const drawMaps = () => {
    const most = 230;
    const [inHeight, inWidth] = header.input;
    const [height, width] = header.map;
    const limitOf = productLimit();
    sheets.input.set({ count: 1, columns: 1, height: inHeight, width: inWidth, most, paint: paintOf((at) => x[image * inHeight * inWidth + at], header.limits.x) });
    sheets.delta.set({ count: 1, columns: 1, height, width, most, paint: paintOf((at) => deltaAt(image, at), header.limits.d) });
    sheets.products.set({ count: 1, columns: 1, height, width, most, paint: paintOf((at) => productAt(image, at), limitOf) });
    legends.x.show(text("legend_x"), header.limits.x, theme.dark);
    legends.d.show(text("legend_d"), header.limits.d, theme.dark);
    legends.p.show(text("legend_p"), limitOf, theme.dark);
    legends.w.show(text("legend_w"), header.limits.w, theme.dark);
    drawImages(limitOf);
    mark();
  };

  // The products of each image in small, with its sum.
  const drawImages = (limitOf) => {
    const [height, width] = header.map;
    const sums = header.perImage[place[2]][place[3]];
    list.replaceChildren(
      ...sums.map((written, number) => {
        const small = element("canvas", { width, height, "aria-hidden": "true" });
        const pen = small.getContext("2d");
        const pixels = pen.createImageData(width, height);
        for (let at = 0; at < mapSize(); at += 1) paintSigned(pixels.data, at, productAt(number, at) / limitOf, table);
        pen.putImageData(pixels, 0, 0);
        const chosen = number === image;
        const button = element("button", { type: "button", role: "radio", "aria-checked": chosen, tabindex: chosen ? 0 : -1, "aria-label": `${text("image", { number })}: ${written}`, onclick: () => choose(place, number) }, small, element("span", { class: "number" }, written));
        button.addEventListener("keydown", (event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (!by) return;
          event.preventDefault();
          choose(place, Math.max(0, Math.min(header.images - 1, image + by)));
          list.children[image].focus();
        });
        return button;
      }),
    );
  };

  const drawKernel = () => {
    const [, , height, width] = header.kernel;
    cells.style.setProperty("--columns", width);
    cells.setAttribute("aria-label", text("kernelMap"));
    const most = Math.max(...header.shades.flat().map(Math.abs)) || 1;
    cells.replaceChildren(
      ...header.shades.flatMap((shades, line) =>
        shades.map((shade, column) => {
          const step = 3 * (255 + Math.round((255 * shade) / most));
          const colour = [table[step], table[step + 1], table[step + 2]];
          const light = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2] > 120;
          const chosen = line === place[2] && column === place[3];
          return element(
            "button",
            { type: "button", role: "radio", "aria-checked": chosen, tabindex: chosen ? 0 : -1, title: header.grads[line][column], style: `background: rgb(${colour}); color: ${light ? "#111" : "#fff"}`, onclick: () => choose([place[0], place[1], line, column], image), onkeydown: (event) => keyed(event, height, width) },
            shortNumber(shade).replace("-", "−"),
          );
        }),
      ),
    );
  };
  const keyed = (event, height, width) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const within = (value, size) => Math.max(0, Math.min(size - 1, value));
    choose([place[0], place[1], within(place[2] + step[0], height), within(place[3] + step[1], width)], image);
    cells.children[place[2] * width + place[3]].focus();
  };

  const drawKernels = () => {
    const [out, into, height, width] = header.kernel;
    kernels.box.hidden = !w;
    if (!w) return;
    kernels.heading.textContent = text("kernels");
    sheets.kernels.set({
      count: out * into, columns: into > 1 ? into : Math.min(16, out), height, width, most: Math.max(30, 8 * width),
      paint: (pixels, index, map, at) => paintSigned(pixels, index, w[map * height * width + at] / header.limits.w, table),
    });
    sheets.kernels.mark([{ map: place[0] * into + place[1], colour: theme.primary }]);
  };

  const drawResult = () => {
    const [out, into, line, column] = place;
    const of = (name) => header[name][line][column];
    const apart = of("apart");
    const lines = [
      [text("sum"), header.perImage[line][column][image]],
      [text("total"), of("totals")],
      [text("grad", { place: `[${place.join(", ")}]` }), of("grads")],
    ];
    result.replaceChildren(...lines.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "number" }, value)]));
    note.textContent = apart ? text("apart", { count: apart, exact: of("exact") }) : text("same");
    kernel.heading.textContent = text("kernel", { out, into });
    input.heading.textContent = text("input", { into });
    delta.heading.textContent = text("delta", { out });
    products.heading.textContent = text("products");
    images.heading.textContent = text("images");
  };

  const drawAll = () => {
    drawResult();
    drawKernel();
    drawMaps();
  };
  // Weights of the same kernel and images are at hand; another kernel comes from Python.
  const choose = (next, number) => {
    const other = next[0] !== place[0] || next[1] !== place[1];
    place = next;
    image = number;
    looked = null;
    if (other) sheets.kernels.mark([{ map: place[0] * header.kernel[1] + place[1], colour: theme.primary }]);
    else drawAll();
    clearTimeout(telling);
    telling = setTimeout(() => component.setStateValue("chosen", [...place, image]), other ? 0 : 150);
  };

  const update = ({ header: next, blobs }, mounted) => {
    component = mounted;
    header = next;
    [x, d] = [new Float32Array(blobs[0]), new Float32Array(blobs[1])];
    w = blobs[2].byteLength ? new Float32Array(blobs[2]) : null;
    [place, image] = [header.place, header.image];
    if (looked && (looked.y >= header.map[0] || looked.x >= header.map[1])) looked = null;
    theme = themeOf(host);
    table = signedTable(theme.dark);
    drawAll();
    drawKernels();
    host.dataset.version = Number(host.dataset.version ?? 0) + 1;
  };
  const resized = () => {
    if (!header) return;
    Object.values(sheets).forEach((sheet) => sheet.draw());
  };
  return { update, resized, destroy: () => clearTimeout(telling) };
};
