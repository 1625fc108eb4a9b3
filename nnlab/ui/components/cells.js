// A number as short as a cell needs it, at most six characters with 2 or 3 `digits` below one; the whole of it
// is told where the pointer is.
const cellText = (value, digits) => {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : value > 0 ? "∞" : "NaN";
  const size = Math.abs(value);
  const far = (size > 0 && size < 5e-4) || size >= 99999.5;
  const places = size < 0.01 ? 3 : size < 1 ? digits : size < 10 ? 2 : size < 100 ? 1 : 0;
  const text = far ? value.toExponential(0).replace("e+", "e") : String(Number(value.toFixed(places)));
  return text.replaceAll("-", "−");
};
