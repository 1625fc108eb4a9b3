// A heartbeat: has the fragment it stands in run again after a while, as long as it is there. For work that goes
// on elsewhere, in a fragment that may not hold another one with a clock of its own.

export default (component, css) => mountView(component, css, createPulse);

const AGAIN = 3000; // ms: a beat that got lost on the way is told again

const createPulse = () => {
  let timer = null;
  return {
    update: ({ header }, component) => {
      clearTimeout(timer);
      const beat = () => {
        component.setTriggerValue("beat", header.number);
        timer = setTimeout(beat, AGAIN);
      };
      timer = setTimeout(beat, header.every);
    },
    resized: () => {},
    destroy: () => clearTimeout(timer),
  };
};
