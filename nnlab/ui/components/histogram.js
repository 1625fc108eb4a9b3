// A histogram, and under its bins an axis for each thing that stands there, such as what a byte becomes.

export default (component, css) => mountView(component, css, createHistogram);

const [LEFT, RIGHT, TOP, AXIS] = [44, 12, 10, 20];
const TONES = ["#d8453c", "#2f9e53", "#3f7fe0"]; // red, green and blue, told apart by their dashes too
const DASHES = [[], [6, 3], [2, 2]];

const createHistogram = (host) => {
  const canvas = element("canvas", { tabindex: 0, role: "img" });
  const readout = element("div", { class: "readout number", "aria-live": "polite" });
  const legend = element("div", { class: "names" });
  host.append(legend, canvas, readout);
  let header, counts, values, bins, here = null, plot;

  const countOf = (channel, bin) => counts[channel * bins + bin];
  const shortText = (value) => String(Number(value.toFixed(2))).replace("-", "\u2212");

  const draw = () => {
    if (!header) return;
    const theme = themeOf(host);
    const width = Math.max(200, host.clientWidth);
    const most = Math.max(1, ...counts);
    const top = Math.log10(1 + most);
    const names = Math.max(0, ...header.axes.map((name) => name.length)) * 6.5 + 8;
    const numbers = (10 ** Math.floor(Math.log10(1 + most))).toLocaleString("en").length * 7 + 8;
    plot = { left: Math.max(LEFT, numbers, Math.min(names, width / 4)), bottom: TOP + header.height };
    plot.wide = width - plot.left - RIGHT;
    const context = sizeCanvas(canvas, width, plot.bottom + AXIS * header.axes.length + 4);
    const x = (bin) => plot.left + (bin * plot.wide) / bins;
    const y = (count) => plot.bottom - (Math.log10(1 + count) / top) * header.height;
    context.font = `12px ${theme.font}`;
    context.textBaseline = "middle";
    const rule = (from, to, colour) => {
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
    };
    context.textAlign = "right";
    for (let count = 1; Math.log10(1 + count) <= top; count *= 10) {
      const at = Math.round(y(count)) + 0.5;
      rule([plot.left, at], [plot.left + plot.wide, at], theme.border);
      context.fillStyle = theme.text;
      context.fillText(count.toLocaleString("en"), plot.left - 6, at);
    }
    if (here !== null) {
      context.fillStyle = theme.raised;
      context.fillRect(x(here) - 1, TOP, plot.wide / bins + 2, header.height);
    }
    if (header.channels === 1) {
      for (let bin = 0; bin < bins; bin += 1) {
        context.fillStyle = bin === here ? theme.lines[1] : theme.primary;
        const up = y(countOf(0, bin));
        context.fillRect(x(bin), up, Math.max(1, plot.wide / bins - 0.5), plot.bottom - up);
      }
    } else {
      for (let channel = 0; channel < header.channels; channel += 1) {
        context.strokeStyle = TONES[channel];
        context.lineWidth = 1.5;
        context.setLineDash(DASHES[channel]);
        context.beginPath();
        for (let bin = 0; bin < bins; bin += 1) {
          context.lineTo(x(bin), y(countOf(channel, bin)));
          context.lineTo(x(bin + 1), y(countOf(channel, bin)));
        }
        context.stroke();
      }
      context.setLineDash([]);
    }
    rule([plot.left, plot.bottom + 0.5], [plot.left + plot.wide, plot.bottom + 0.5], theme.text);
    header.axes.forEach((name, axis) => {
      const at = plot.bottom + AXIS * (axis + 0.6);
      context.fillStyle = theme.text;
      context.textAlign = "right";
      context.fillText(name, plot.left - 6, at, plot.left - 8);
      header.ticks.forEach((bin, place) => {
        context.textAlign = bin === 0 ? "left" : bin === bins - 1 ? "right" : "center";
        const middle = x(bin + (bin === 0 ? 0 : bin === bins - 1 ? 1 : 0.5));
        context.fillText(header.tickTexts?.[place] ?? shortText(values[axis * bins + bin]), middle, at);
      });
    });
  };

  const show = (bin) => {
    here = bin;
    if (bin === null) readout.textContent = `${header.texts.pixels} (${header.texts.log})`;
    else {
      const becomes = header.axes.map((name, axis) => `${name} ${float32Text(values[axis * bins + bin])}`);
      const found = header.names.map((name, c) => `${header.channels > 1 ? `${name} ` : ""}${countOf(c, bin)}`);
      readout.textContent = `${becomes.join(" · ")}: ${found.join(", ")} ${header.texts.pixels}`;
    }
    draw();
  };

  canvas.addEventListener("pointermove", (event) => {
    const at = ((event.offsetX - plot.left) * bins) / plot.wide;
    show(at >= 0 && at < bins ? Math.floor(at) : null);
  });
  canvas.addEventListener("pointerleave", () => show(null));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(here === null ? 0 : Math.max(0, Math.min(bins - 1, here + step)));
  });

  const update = ({ header: next, blobs }) => {
    header = next;
    [counts, values] = [new Int32Array(blobs[0]), new Float32Array(blobs[1])];
    bins = counts.length / header.channels;
    if (here >= bins) here = null;
    canvas.setAttribute("aria-label", header.label);
    legend.hidden = header.channels === 1;
    legend.replaceChildren(
      ...header.names.map((name, c) => {
        const dash = element("i", { style: `border-top: 2px ${["solid", "dashed", "dotted"][c]} ${TONES[c]}` });
        return element("span", {}, dash, name);
      }),
    );
    show(here);
    canvas.dataset.version = Number(canvas.dataset.version ?? 0) + 1;
  };

  return { update, resized: draw };
};
