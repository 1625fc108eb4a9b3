// A sample in place of the pad: see board.js.

export default (component, css) => mountView(component, css, createSample);

const createSample = (host) => {
  const picture = element("canvas", { class: "specimen", role: "img" });
  const caption = element("div", { class: "caption" });
  const board = createBoard(host, element("div", { class: "desk" }, picture, caption));

  const update = ({ header, blobs }) => {
    const { size, shape, texts, classes, most, doubt } = header;
    board.showTexts(texts);
    paintImage(picture, expand(blobs[2], size[0] * size[1] * size[2]), size);
    picture.style.aspectRatio = `${size[2]} / ${size[1]}`;
    caption.textContent = header.caption;
    caption.classList.toggle("wrong", header.right === false);
    picture.setAttribute("aria-label", header.caption);
    board.showImage(expand(blobs[0], shape[0] * shape[1] * shape[2]), shape);
    board.showAnswer({ classes, probabilities: new Float32Array(blobs[1]), most, doubt });
  };
  return { update, resized: () => {}, destroy: board.destroy };
};
