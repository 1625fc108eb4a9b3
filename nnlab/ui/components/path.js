// The path of an image: its bytes in the file, the picture, and the tensors made of it, pointed at together.

export default (component, css) => mountView(component, css, createPath);

const AROUND = 2; // the windows of numbers reach so far from the pixel that is pointed at
const SIDE = 2 * AROUND + 1;
const BYTES_IN_LINE = 6;
const LINES = 11;

const numberText = (value, digits) => value.toFixed(digits).replace("-", "\u2212");

// A square of numbers around a pixel, each on the tone that it has in the picture.
const createWindow = () => {
  const cells = Array.from({ length: SIDE * SIDE }, () => element("span"));
  const view = element("div", { class: "window number", "aria-hidden": "true" }, ...cells);
  cells[(cells.length - 1) / 2].classList.add("here");
  const show = (at) =>
    cells.forEach((cell, i) => {
      const [text, tone] = at((i % SIDE) - AROUND, Math.floor(i / SIDE) - AROUND) ?? ["", null];
      cell.textContent = text;
      cell.style.background = tone ? `rgb(${tone.join(" ")})` : "none";
      if (tone) cell.style.color = 0.3 * tone[0] + 0.6 * tone[1] + 0.1 * tone[2] > 140 ? "#10151c" : "#fff";
    });
  return { view, show };
};

// The bytes of the file around one of them (null: from the first on), with their places at the left.
const createHex = (choose) => {
  const lines = Array.from({ length: LINES }, () => {
    const place = element("span", { class: "quiet" });
    const bytes = Array.from({ length: BYTES_IN_LINE }, () => element("span", { onclick: (e) => choose(e.target) }));
    return { place, bytes, line: element("div", {}, place, ...bytes) };
  });
  const view = element("div", { class: "hex number", "aria-hidden": "true" }, ...lines.map(({ line }) => line));
  const show = (content, first, here) => {
    const middle = here === null ? LINES >> 1 : Math.floor(here / BYTES_IN_LINE);
    const start = (middle - (LINES >> 1)) * BYTES_IN_LINE;
    lines.forEach(({ place, bytes }, n) => {
      const from = start + n * BYTES_IN_LINE;
      const inside = from >= 0 && from < content.length;
      place.textContent = inside ? `${first === null ? "+" : ""}${(first ?? 0) + from}` : "\u00a0";
      bytes.forEach((byte, i) => {
        const at = from + i;
        const there = at >= 0 && at < content.length;
        byte.textContent = there ? content[at].toString(16).padStart(2, "0") : "";
        byte.dataset.at = there ? at : "";
        byte.classList.toggle("here", at === here);
      });
    });
  };
  return { view, show };
};

const createCard = (number) => {
  const title = element("h4", { "data-number": number });
  const code = element("code");
  const value = element("div", { class: "value number" });
  const facts = element("dl", { class: "number" });
  const card = element("section", {}, title, code, value, facts);
  const tell = (step) => {
    title.textContent = step.title;
    code.textContent = step.code;
    facts.replaceChildren(
      ...step.facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]),
    );
  };
  return { card, code, value, tell };
};

const createPath = (host) => {
  const cards = [1, 2, 3, 4, 5].map(createCard);
  const [fileCard, ...seen] = cards;
  const hex = createHex((byte) => !header.packed && byte.dataset.at !== "" && point(...placeOf(Number(byte.dataset.at))));
  fileCard.code.after(hex.view);
  const pictures = seen.map(() => element("canvas", { class: "picture", "aria-hidden": "true" }));
  const windows = seen.slice(1).map(createWindow);
  seen.forEach(({ code }, i) => code.after(pictures[i]));
  windows.forEach(({ view }, i) => seen[i + 1].value.after(view));
  const grid = element("div", { class: "path", tabindex: 0, role: "group" }, ...cards.map(({ card }) => card));
  const switches = element("div", { class: "channels", role: "group" });
  const spoken = element("p", { class: "spoken", "aria-live": "polite" });
  host.append(switches, grid, spoken);
  const sheets = seen.map(() => element("canvas"));

  let header, pixels, scaled, normalised, file, theme, table, wanted;
  let [row, column, channel] = [null, null, 0];

  const placeOf = (at) => {
    const [, height, width] = header.shape;
    const within = at % (height * width);
    return header.byColumns
      ? [within % height, Math.floor(within / height)]
      : [Math.floor(within / width), within % width];
  };
  const byteAt = (y, x, c) => pixels[(c * header.shape[1] + y) * header.shape[2] + x];
  const inFile = (y, x, c) => {
    const [, height, width] = header.shape;
    return c * height * width + (header.byColumns ? x * height + y : y * width + x);
  };
  // What a step has at a pixel, as [text, tone of its picture].
  const grey = (value) => [value, value, value];
  const signed = (value) => {
    const shade = new Uint8ClampedArray(4);
    paintSigned(shade, 0, value / header.limit, table);
    return [...shade.slice(0, 3)];
  };
  const stepsAt = (y, x) => {
    const byte = byteAt(y, x, channel);
    const value = normalised[channel * 256 + byte];
    return [
      [String(byte), grey(byte)],
      [numberText(scaled[byte], 2), grey(byte)],
      [numberText(value, 2), signed(value)],
    ];
  };

  // Each picture at one pixel a pixel; they change with the image, the channel and the theme alone.
  const paint = () => {
    const [channels, height, width] = header.shape;
    sheets.forEach((sheet, step) => {
      Object.assign(sheet, { width, height });
      const image = new ImageData(width, height);
      for (let y = 0; y < height; y += 1)
        for (let x = 0; x < width; x += 1) {
          const at = y * width + x;
          const tone = step
            ? grey(byteAt(y, x, channel))
            : [0, 1, 2].map((c) => byteAt(y, x, channels === 3 ? c : 0));
          image.data.set([...tone, 255], 4 * at);
          if (step === 3) paintSigned(image.data, at, normalised[channel * 256 + tone[0]] / header.limit, table);
        }
      sheet.getContext("2d").putImageData(image, 0, 0);
    });
  };

  // CSS pixels of a side of one pixel; read apart from drawing, because it has the browser lay out the page.
  let side = 0;
  const measure = () => {
    const [, height, width] = header.shape;
    const room = Math.floor(Math.min(seen[0].card.clientWidth, grid.clientWidth / 2.4, 240));
    side = Math.min(room / width, room / height);
  };

  const draw = () => {
    const [, height, width] = header.shape;
    pictures.forEach((picture, step) => {
      const context = sizeCanvas(picture, side * width, side * height);
      context.imageSmoothingEnabled = side * (globalThis.devicePixelRatio || 1) < 1;
      context.drawImage(sheets[step], 0, 0, side * width, side * height);
      context.strokeStyle = theme.primary;
      const [reach, thick] = step ? [AROUND, 1.5] : [0, 2];
      context.lineWidth = thick;
      context.strokeRect((column - reach) * side, (row - reach) * side, (2 * reach + 1) * side, (2 * reach + 1) * side);
    });
  };

  const point = (y, x) => {
    const [channels, height, width] = header.shape;
    row = Math.max(0, Math.min(height - 1, y));
    column = Math.max(0, Math.min(width - 1, x));
    const byte = byteAt(row, column, channel);
    const all = Array.from({ length: channels }, (_, c) => byteAt(row, column, c));
    const at = inFile(row, column, channel);
    if (file.length) hex.show(file, header.first, header.packed ? null : at);
    const place = `${header.first === null ? "+" : ""}${((header.first ?? 0) + at).toLocaleString("en")}`;
    const told = {
      place, value: file[at], hex: (file[at] ?? 0).toString(16).padStart(2, "0").toUpperCase(),
    };
    const [mean, std] = [header.mean[channel], header.std[channel]].map((number) => numberText(number, 4));
    const texts = [
      header.packed || !file.length ? header.packed : header.texts.byte.replace(/\{(\w+)\}/g, (_, name) => told[name]),
      `getpixel((${column}, ${row}))\n= ${channels === 1 ? byte : `(${all.join(", ")})`}`,
      `[${channel}, ${row}, ${column}]\n= ${byte}`,
      `${byte} / 255\n= ${numberText(scaled[byte], 4)}`,
      `(${numberText(scaled[byte], 4)} \u2212 ${mean}) / ${std}\n= ${numberText(normalised[channel * 256 + byte], 4)}`,
    ];
    cards.forEach(({ value }, i) => (value.textContent = texts[i]));
    windows.forEach(({ show }, step) =>
      show((dx, dy) => {
        const [atY, atX] = [row + dy, column + dx];
        return atY < 0 || atY >= height || atX < 0 || atX >= width ? null : stepsAt(atY, atX)[step];
      }),
    );
    draw();
    grid.dataset.at = `${row},${column}`;
    return texts;
  };

  const speak = (texts) => {
    const values = texts.filter(Boolean).join("; ");
    const said = { row, column, values };
    spoken.textContent = header.texts.spoken.replace(/\{(\w+)\}/g, (_, name) => said[name]);
  };

  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  grid.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    speak(point(row + step[0], column + step[1]));
  });
  const pointUnder = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const [, height, width] = header.shape;
    point(
      Math.floor(((event.clientY - box.top) * height) / box.height),
      Math.floor(((event.clientX - box.left) * width) / box.width),
    );
  };
  for (const picture of pictures) {
    picture.addEventListener("pointermove", pointUnder);
    picture.addEventListener("pointerdown", pointUnder);
  }

  const showChannels = () => {
    switches.hidden = header.channels.length === 1;
    switches.setAttribute("aria-label", header.texts.channel);
    switches.replaceChildren(
      ...header.channels.map((name, c) =>
        element("button", { "aria-pressed": String(c === channel), onclick: () => chooseChannel(c) }, name),
      ),
    );
  };
  const chooseChannel = (chosen) => {
    channel = chosen;
    [...switches.children].forEach((button, c) => button.setAttribute("aria-pressed", String(c === channel)));
    paint();
    point(row, column);
  };

  const show = ({ header: next, blobs }) => {
    const before = header?.shape.join();
    header = next;
    pixels = new Uint8Array(blobs[0]);
    [scaled, normalised] = [new Float32Array(blobs[1]), new Float32Array(blobs[2])];
    file = new Uint8Array(blobs[3]);
    theme = themeOf(host);
    table = signedTable(theme.dark);
    if (before !== header.shape.join()) {
      [row, column, channel] = [...header.start, 0];
      measure();
    }
    hex.view.hidden = !file.length;
    hex.view.classList.toggle("packed", Boolean(header.packed));
    grid.setAttribute("aria-label", `${header.label}. ${header.texts.keys}`);
    cards.forEach(({ tell }, i) => tell(header.steps[i]));
    showChannels();
    paint();
    point(row, column);
    grid.dataset.version = Number(grid.dataset.version ?? 0) + 1;
  };

  // After the next frame, so that the image that was asked for is on the screen before its path is.
  const update = (message) => {
    wanted = message;
    requestAnimationFrame(() => setTimeout(() => wanted === message && show(message)));
  };

  const resized = () => {
    if (!header) return;
    measure();
    draw();
  };

  return { update, resized };
};
