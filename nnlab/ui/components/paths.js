// Pen paths on a canvas: flat lists x, y, x, y, ... drawn at `scale` x them, shifted. Uses the context's pen.

const tracePaths = (context, strokes, scale, dx, dy) => {
  for (const flat of strokes) {
    context.beginPath();
    context.moveTo(scale * flat[0] + dx, scale * flat[1] + dy);
    for (let i = 2; i < flat.length; i += 2) context.lineTo(scale * flat[i] + dx, scale * flat[i + 1] + dy);
    if (flat.length === 2) context.lineTo(scale * flat[0] + dx + 0.01, scale * flat[1] + dy);
    context.stroke();
  }
};

// What the pad has heard about the stages of the drawing reaches the picture of them, which is another part.
const STAGES_EVENT = "nnlab-stages";
const announceStages = (detail) => document.dispatchEvent(new CustomEvent(STAGES_EVENT, { detail }));

// Whether the pen is down, told whenever that changes: what is large waits until it is up.
const PEN_EVENT = "nnlab-pen";
const announcePen = (down) => document.dispatchEvent(new CustomEvent(PEN_EVENT, { detail: { down } }));
