// Places on earth as points of a map: Mercator, fitted to what is to be shown.

const MOST_NORTH = 84; // beyond this Mercator stretches without end
const LEAST_SPAN = 0.02; // degrees: a single shop has some of its town around it
const AROUND = 0.18; // which share of the map lies around the outermost shops, on each side
const EARTH_RADIUS_KM = 6371;
const STEPS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30];
const MOST_LINES = 6;

const radians = (degrees) => (degrees * Math.PI) / 180;
const north = (latitude) => (Math.log(Math.tan(Math.PI / 4 + radians(Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude))) / 2)) * 180) / Math.PI;
const latitudeOf = (y) => ((2 * Math.atan(Math.exp(radians(y))) - Math.PI / 2) * 180) / Math.PI;

/** Return the meridian to begin with: behind the widest gap, so that shops on both sides of the date line lie together. */
function westOf(places) {
  const sorted = places.map((place) => place.longitude).sort(d3.ascending);
  const gaps = sorted.map((longitude, index) => (index ? longitude - sorted[index - 1] : longitude + 360 - sorted.at(-1)));
  return sorted[d3.maxIndex(gaps)];
}

function padded([low, high]) {
  const span = Math.max(high - low, LEAST_SPAN);
  const middle = (low + high) / 2;
  return [middle - span * (0.5 + AROUND), middle + span * (0.5 + AROUND)];
}

/**
 * Fit a map to some places.
 * @param places [{latitude, longitude}], at least one.
 * @param size {width, height}: `height` at most.
 */
export function fitted(places, { width, height }) {
  const west = westOf(places);
  const turned = (longitude) => west + ((((longitude - west) % 360) + 360) % 360);
  const [left, right] = padded(d3.extent(places, (place) => turned(place.longitude)));
  const [bottom, top] = padded(d3.extent(places, (place) => north(place.latitude)));
  const scale = Math.min(width / (right - left), height / (top - bottom));
  const [middleX, middleY] = [(left + right) / 2, (bottom + top) / 2];
  const x = (longitude) => width / 2 + (longitude - middleX) * scale;
  const y = (latitude) => height / 2 - (north(latitude) - middleY) * scale;
  const longitudes = [middleX - width / 2 / scale, middleX + width / 2 / scale];
  const latitudes = [latitudeOf(middleY - height / 2 / scale), latitudeOf(middleY + height / 2 / scale)];
  return {
    width,
    height,
    x,
    y,
    longitudes,
    latitudes,
    at: (place) => [x(turned(place.longitude)), y(place.latitude)],
    span: Math.max(longitudes[1] - longitudes[0], latitudes[1] - latitudes[0]),
    pixelsPerKm: scale / (radians(1) * EARTH_RADIUS_KM * Math.cos(radians(latitudeOf(middleY)))),
  };
}

/** Return the degrees at which lines are drawn between two, a few of them. */
export function linesWithin([low, high]) {
  const step = STEPS.find((each) => (high - low) / each <= MOST_LINES) ?? 60;
  return d3.range(Math.ceil(low / step), Math.floor(high / step) + 1).map((index) => index * step);
}

/** Return the path of land, as far as it may be seen: GeoJSON's MultiPolygon, also once around the earth. */
export function landPath(land, map) {
  const parts = [];
  for (const turn of [-360, 0, 360]) {
    for (const rings of land.coordinates) {
      const [low, high] = d3.extent(rings[0], (point) => point[0] + turn);
      const [south, most] = d3.extent(rings[0], (point) => point[1]);
      if (high < map.longitudes[0] || low > map.longitudes[1] || most < map.latitudes[0] || south > map.latitudes[1]) continue;
      for (const ring of rings) parts.push(`M${ring.map(([longitude, latitude]) => `${map.x(longitude + turn).toFixed(1)},${map.y(latitude).toFixed(1)}`).join("L")}Z`);
    }
  }
  return parts.join("");
}

/** Return a round length in kilometres that is at most so many pixels long. */
export function roundLength(map, pixels) {
  const most = pixels / map.pixelsPerKm;
  const power = 10 ** Math.floor(Math.log10(most));
  return power * [5, 2, 1].find((each) => each * power <= most);
}
