// What every part uses: elements, messages from Python, the theme, and the one scale of signed values.

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
};

// The inverse of `pack` in library.py: {header, blobs}, each blob an ArrayBuffer of its own.
const unpack = (bytes) => {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const blobs = header.blobs.map((size) => bytes.slice(at, (at += size)).buffer);
  return { header, blobs };
};

// Streamlit calls a part again for each change of its data or of the theme. The view is made at the first
// call and lives as long as its place in the page; a call that was overtaken by the next one is also told to
// clean up, so what decides is whether the place is still there.
const views = new WeakMap();
const mountView = (component, css, createView) => {
  const root = component.parentElement;
  let view = views.get(root);
  if (!view) {
    const host = element("div", { class: "host" });
    root.append(element("style", {}, css), host);
    view = createView(host);
    view.host = host;
    view.resizing = new ResizeObserver(() => view.resized());
    view.resizing.observe(host);
    views.set(root, view);
  }
  themes.delete(view.host);
  view.update(unpack(component.data), component);
  return () =>
    setTimeout(() => {
      if (root.isConnected) return;
      view.resizing.disconnect();
      view.destroy?.();
    });
};

// Read once for each call of a part, which there is for another theme too: reading it again at every pointer
// move would have the browser work out the styles of the page each time.
const themes = new WeakMap();
const themeOf = (host) => {
  if (!themes.has(host)) themes.set(host, readTheme(host));
  return themes.get(host);
};
const readTheme = (host) => {
  const style = getComputedStyle(host);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const background = read("background-color");
  return {
    text: read("text-color"),
    background,
    raised: read("secondary-background-color"),
    border: read("border-color"),
    primary: read("primary-color"),
    font: read("font"),
    lines: read("chart-categorical-colors").split(",").map((colour) => colour.trim()),
    dark: isDark(background),
  };
};

const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

const darkness = new Map(); // by colour: reading a pixel back is slow
const isDark = (background) => {
  if (!darkness.has(background)) darkness.set(background, looksDark(background));
  return darkness.get(background);
};
const looksDark = (background) => {
  const probe = element("canvas", { width: 1, height: 1 }).getContext("2d");
  probe.fillStyle = background;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
};

// Signed values: blue below zero, orange above, the page's own tone at zero. 511 steps from -1 to 1, so that
// step 255 is zero exactly. Pixels and legends both come from here.
const SIGNED_STOPS = {
  light: ["#0b4a94", "#6fa8dc", "#f5f5f2", "#eda35b", "#a84300"].map(rgbOf),
  dark: ["#8accff", "#2f73ad", "#171d25", "#b0611d", "#ffbd75"].map(rgbOf),
};
const signedTables = {};
const signedTable = (dark) => {
  const name = dark ? "dark" : "light";
  return (signedTables[name] ??= Uint8ClampedArray.from({ length: 511 * 3 }, (_, at) => {
    const place = (Math.floor(at / 3) / 510) * 4;
    const low = Math.min(3, Math.floor(place));
    const [from, to] = [SIGNED_STOPS[name][low][at % 3], SIGNED_STOPS[name][low + 1][at % 3]];
    return from + (to - from) * (place - low);
  }));
};

// Writes the colour of `value` (-1 to 1; NaN is left transparent) into `pixels` at pixel `index`.
const paintSigned = (pixels, index, value, table) => {
  if (Number.isNaN(value)) return;
  const step = 3 * (255 + Math.round(255 * Math.max(-1, Math.min(1, value))));
  pixels.set([table[step], table[step + 1], table[step + 2], 255], 4 * index);
};

// A bar with the whole scale, for a legend.
const drawSignedBar = (canvas, width, height, dark) => {
  const strip = new ImageData(511, 1);
  for (let at = 0; at < 511; at += 1) paintSigned(strip.data, at, (at - 255) / 255, signedTable(dark));
  const one = element("canvas", { width: 511, height: 1 });
  one.getContext("2d").putImageData(strip, 0, 0);
  sizeCanvas(canvas, width, height).drawImage(one, 0, 0, width, height);
};

// A canvas of `width` x `height` CSS pixels, sharp on this screen; drawing is then in CSS pixels.
const sizeCanvas = (canvas, width, height) => {
  const ratio = globalThis.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    Object.assign(canvas, { width: w, height: h });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
};

// The shortest decimal that is this float32 and no other.
const float32Text = (value) => {
  for (let digits = 6; digits < 9; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(text) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
};

const shortNumber = (value) => {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
};
