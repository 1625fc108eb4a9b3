// The board of the Draw page: on its left what is read (a pad, a sample), beside it what the network really sees
// and what it says. And the small image on its way: pairs of a value and how often it stands in a row.

const SETTLED = 700; // milliseconds without a new answer, after which it is read out

const expand = (runs, count) => {
  const pixels = new Uint8Array(count);
  const pairs = new Uint8Array(runs);
  for (let i = 0, at = 0; i < pairs.length; i += 2) {
    pixels.fill(pairs[i + 1], at, at + pairs[i]);
    at += pairs[i];
  }
  return pixels;
};

// Paints (C, H, W) values 0 to 255 of one or three channels, planar, one canvas pixel each.
const paintImage = (canvas, pixels, [channels, rows, columns]) => {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const area = rows * columns;
  const [green, blue] = channels === 3 ? [area, 2 * area] : [0, 0];
  for (let i = 0; i < area; i += 1) image.data.set([pixels[i], pixels[i + green], pixels[i + blue], 255], 4 * i);
  context.putImageData(image, 0, 0);
};

const createBoard = (host, desk) => {
  const sees = element("div", { class: "title" });
  const image = element("canvas", { class: "seen", role: "img", width: 28, height: 28 });
  const says = element("div", { class: "title" });
  const { bars, show: showBars } = createBars();
  const sentence = element("p", { class: "sentence" });
  const heard = element("p", { class: "heard", "aria-live": "polite" });
  host.append(
    element(
      "div",
      { class: "board" },
      desk,
      element("div", { class: "view" }, sees, image),
      element("div", { class: "answer" }, says, bars, sentence, heard),
    ),
  );
  let texts, settling;

  const write = (text) => {
    if (sentence.textContent === text) return;
    sentence.textContent = text;
    // Who listens is not told every thought of a network that changes its mind ten times a second.
    clearTimeout(settling);
    settling = setTimeout(() => (heard.textContent = text), SETTLED);
  };
  const showImage = (pixels, shape) => {
    paintImage(image, pixels, shape);
    image.dataset.ink = pixels.reduce((sum, value) => sum + value, 0);
  };
  // `answer`: {classes, probabilities or null, most, doubt, problem}.
  const showAnswer = ({ classes, probabilities, most, doubt, problem }) => {
    let shown = classes.map((name, i) => ({ name, percent: probabilities ? 100 * probabilities[i] : null, i }));
    if (probabilities) {
      const best = shown.reduce((high, one) => (one.percent > high.percent ? one : high));
      best.best = true;
      if (shown.length > most) shown = shown.sort((a, b) => b.percent - a.percent || a.i - b.i);
      const says = texts.answer.replace("{answer}", best.name).replace("{percent:.1f}", best.percent.toFixed(1));
      write(doubt ? texts.doubt : says);
    } else write(problem || texts.nothing);
    showBars(shown.slice(0, most));
    bars.classList.toggle("faint", Boolean(doubt));
  };
  const showTexts = (given) => {
    texts = given;
    sees.textContent = texts.sees;
    says.textContent = texts.says;
    image.setAttribute("aria-label", texts.sees);
  };
  return { showAnswer, showImage, showTexts, destroy: () => clearTimeout(settling) };
};
