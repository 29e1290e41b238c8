// A chart as a file: PNG, SVG with its colours in it, or its figures as CSV.

const COPIED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "stroke-linecap",
  "opacity", "font-size", "font-family", "font-weight", "text-anchor", "display", "paint-order",
];
const PNG_SCALE = 2;
const BYTE_ORDER_MARK = "\ufeff"; // tells spreadsheets that it is UTF-8

function save(name, url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

const saveText = (name, type, text) => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  save(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

/** Return an SVG document that looks alone as the chart does on the page, with a title above it. */
export function standalone(svg, title) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, index) => {
    const style = getComputedStyle(originals[index]);
    for (const name of COPIED) {
      const value = style.getPropertyValue(name);
      if (value && !node.closest("defs title")) node.setAttribute(name, value.replace(/url\("[^"#]*#/, 'url("#').replace(/url\("(#[^"]+)"\)/, "url($1)"));
    }
    node.removeAttribute("class");
  });
  const { width, height } = svg.getBoundingClientRect();
  const above = 34;
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("y", above);
  const style = getComputedStyle(document.body);
  const card = getComputedStyle(svg.closest(".card") ?? document.body).backgroundColor;
  const text = new DOMParser().parseFromString(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 24}" height="${height + above + 12}"><rect width="100%" height="100%"/><text x="12" y="22"/></svg>`,
    "image/svg+xml",
  );
  const root = text.documentElement;
  root.querySelector("rect").setAttribute("fill", card);
  const head = root.querySelector("text");
  for (const [name, value] of [["fill", style.color], ["font-family", style.fontFamily], ["font-size", "15px"], ["font-weight", "600"]]) head.setAttribute(name, value);
  head.textContent = title;
  copy.setAttribute("x", 12);
  root.append(root.ownerDocument.importNode(copy, true));
  return { text: new XMLSerializer().serializeToString(root), width: width + 24, height: height + above + 12 };
}

export const saveSvg = (name, svg, title) => saveText(`${name}.svg`, "image/svg+xml", standalone(svg, title).text);

export async function savePng(name, svg, title) {
  const { text, width, height } = standalone(svg, title);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * PNG_SCALE);
  canvas.height = Math.ceil(height * PNG_SCALE);
  const pen = canvas.getContext("2d");
  pen.scale(PNG_SCALE, PNG_SCALE);
  pen.drawImage(image, 0, 0);
  save(`${name}.png`, canvas.toDataURL("image/png"));
}

/** Return CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it. */
export function csv(columns, rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    const text = typeof value === "string" && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export const saveCsv = (name, columns, rows) => saveText(`${name}.csv`, "text/csv", BYTE_ORDER_MARK + csv(columns, rows));
