// Whether two pictures show the same. Fonts are smoothed differently on every machine, so
// pixels are not compared but the mean colour of small squares: what is missing, moved or
// of another colour changes some of them much, smoothing changes none of them much.

/** Edge of a square in pixels. */
const SQUARE_PX = 8;
/** Difference of a channel's mean from which a square differs, of 255. */
const LEVEL = 10;

/** Draws both in the page, whose canvas decodes them; answers `{size, squares}`: the squares that differ. */
export function compare(page, actual, wanted) {
  return page.evaluate(async ([pictures, edge, level]) => {
    const means = await Promise.all(pictures.map(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const { width, height } = image;
      const c = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
      c.drawImage(image, 0, 0);
      const px = c.getImageData(0, 0, width, height).data;
      const columns = Math.ceil(width / edge), sums = new Float64Array(columns * Math.ceil(height / edge) * 3), counts = new Uint16Array(sums.length / 3);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const at = 4 * (y * width + x), square = Math.floor(y / edge) * columns + Math.floor(x / edge);
          counts[square]++;
          for (let k = 0; k < 3; k++) sums[3 * square + k] += px[at + k];
        }
      }
      return { width, height, columns, sums, counts };
    }));
    const [a, b] = means;
    if (a.width !== b.width || a.height !== b.height) return { size: [a.width, a.height, b.width, b.height], squares: [] };
    const squares = [];
    for (let i = 0; i < a.counts.length; i++) {
      const differs = [0, 1, 2].some((k) => Math.abs(a.sums[3 * i + k] - b.sums[3 * i + k]) / a.counts[i] > level);
      if (differs) squares.push([(i % a.columns) * edge, Math.floor(i / a.columns) * edge]);
    }
    return { size: null, squares };
  }, [[actual, wanted].map((png) => png.toString("base64")), SQUARE_PX, LEVEL]);
}
