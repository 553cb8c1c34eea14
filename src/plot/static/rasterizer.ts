/** SVG to PNG by resvg, with the system's fonts. */

interface Resvg {
  new (svg: string, options: object): { render(): { asPng(): Uint8Array }; innerBBox(): object | undefined };
}

const font = { loadSystemFonts: true, defaultFontFamily: "Liberation Sans", sansSerifFamily: "Liberation Sans" };
const probe = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="15">Ag</text></svg>';

/** A function from SVG text and a scale to PNG bytes. */
export async function loadRasterizer(): Promise<(svg: string, scale: number) => Uint8Array> {
  const resvg: string = "@resvg/resvg-js"; // a variable, so that the types build where the optional package is absent
  const loaded: { Resvg: Resvg } = await import(resvg);
  if (new loaded.Resvg(probe, { font }).innerBBox() === undefined) {
    throw new Error(
      "no font was found, so a PNG would have no text; install one, such as the package fonts-liberation",
    );
  }
  return (svg, scale) => {
    const crisp = svg.replaceAll("image-rendering: pixelated", "image-rendering: optimizeSpeed"); // resvg's name for it
    return new loaded.Resvg(crisp, { font, fitTo: { mode: "zoom", value: scale } }).render().asPng();
  };
}
