// The map of a loss of two parameters: shades between levels, darker where it is higher, and lines at them.

const RELIEF = {
  light: { low: "#fbfcfd", high: "#b4c4d8", line: "#90a5bf" },
  dark: { low: "#141b24", high: "#465a73", line: "#5d7390" },
};

const reliefTones = (dark, count) => {
  const { low, high } = RELIEF[dark ? "dark" : "light"];
  const [from, to] = [rgbOf(low), rgbOf(high)];
  return Array.from({ length: count }, (_, at) => from.map((one, i) => one + ((to[i] - one) * at) / (count - 1)));
};

// The loss at shares (0 to 1) of the map, between the four values around it.
const reliefValue = (grid, count, shareX, shareY) => {
  const [x, y] = [shareX * (count - 1), shareY * (count - 1)];
  const [i, j] = [Math.min(count - 2, Math.floor(x)), Math.min(count - 2, Math.floor(y))];
  const [u, v] = [x - i, y - j];
  const at = j * count + i;
  return (
    (1 - v) * ((1 - u) * grid[at] + u * grid[at + 1]) + v * ((1 - u) * grid[at + count] + u * grid[at + count + 1])
  );
};

// A canvas of `wide` x `high` pixels; the second parameter grows upwards.
const drawRelief = (grid, count, levels, wide, high, dark) => {
  const sheet = element("canvas", { width: wide, height: high });
  const pen = sheet.getContext("2d");
  const image = pen.createImageData(wide, high);
  const tones = reliefTones(dark, levels.length + 1);
  const line = rgbOf(RELIEF[dark ? "dark" : "light"].line);
  const bands = new Uint8Array(wide * high);
  for (let row = 0; row < high; row += 1)
    for (let column = 0; column < wide; column += 1) {
      const value = reliefValue(grid, count, column / (wide - 1), 1 - row / (high - 1));
      let [low, top] = [0, levels.length];
      while (low < top) {
        const middle = (low + top) >> 1;
        if (value < levels[middle]) top = middle;
        else low = middle + 1;
      }
      bands[row * wide + column] = low;
    }
  for (let row = 0; row < high; row += 1)
    for (let column = 0; column < wide; column += 1) {
      const at = row * wide + column;
      const edge =
        (column + 1 < wide && bands[at] !== bands[at + 1]) || (row + 1 < high && bands[at] !== bands[at + wide]);
      const [r, g, b] = edge ? line : tones[bands[at]];
      image.data.set([r, g, b, 255], 4 * at);
    }
  pen.putImageData(image, 0, 0);
  return sheet;
};

// The tones in a row, for a legend.
const drawReliefBar = (canvas, width, height, dark, count) => {
  const context = sizeCanvas(canvas, width, height);
  reliefTones(dark, count).forEach((tone, at) => {
    context.fillStyle = `rgb(${tone.map(Math.round).join(" ")})`;
    context.fillRect((at * width) / count, 0, width / count + 1, height);
  });
};
