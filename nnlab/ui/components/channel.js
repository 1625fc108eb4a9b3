// A connection of the pad's own to the server, over which it asks for answers while one draws: see
// nnlab/ui/draw/channel.py. Only what is new of a drawing is told. Messages on one connection arrive in order or
// not at all, and a new connection is told everything, so what the server holds is always known here.

const RETRIES = 4; // connections that fail one after the other, until this page gives up and does without

const createChannel = (heard) => {
  let socket = null, path = null, failed = 0, timer = null, gone = false;
  let held = []; // per stroke on the server: the stroke here, and how many of its numbers were told
  let config = null; // as it was told

  const connect = () => {
    if (gone || !path || failed >= RETRIES) return;
    const url = new URL(path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const made = (socket = new WebSocket(url));
    made.binaryType = "arraybuffer";
    held = [];
    config = null;
    made.onopen = () => heard(null);
    made.onmessage = ({ data }) => {
      failed = 0;
      heard(unpack(new Uint8Array(data)));
    };
    made.onclose = () => {
      if (socket !== made) return;
      socket = null;
      failed += 1;
      timer = setTimeout(connect, 500 * 2 ** failed);
      heard(null);
    };
  };

  const ready = () => socket?.readyState === WebSocket.OPEN;
  const open = (at) => {
    if (at === path) return;
    path = at;
    failed = 0;
    if (socket) socket.close();
    else connect();
  };
  const ask = (seq, strokes, wanted) => {
    let same = 0;
    while (same < held.length && same < strokes.length && held[same].stroke === strokes[same] && held[same].told === strokes[same].length)
      same += 1;
    const partly = same < held.length && held[same].stroke === strokes[same] ? held[same].told : 0;
    const more = strokes.slice(same).map((flat, i) => (i ? flat : flat.slice(partly)));
    const message = { seq, keep: [same, partly], more };
    if (config !== wanted) message.config = JSON.parse(wanted);
    config = wanted;
    held = strokes.map((stroke) => ({ stroke, told: stroke.length }));
    socket.send(JSON.stringify(message));
  };
  // The server has lost the drawing, which it should not: the next question tells it all.
  const forget = () => {
    held = [];
    config = null;
  };
  const close = () => {
    gone = true;
    clearTimeout(timer);
    socket?.close();
  };
  return { open, ready, ask, forget, close };
};
