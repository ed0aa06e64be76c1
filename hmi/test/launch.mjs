// What tests and measurements share: the browser's switches, the address of a server.

/** A browser that does nothing of its own and draws the same everywhere. */
export const launchArguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--font-render-hinting=none", "--force-color-profile=srgb"];

/** The address that a server prints when it serves. */
export function address(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (bytes) => {
      text += bytes;
      const found = text.match(/http:\S+/);
      if (found) resolve(found[0].endsWith("/") ? found[0] : `${found[0]}/`);
    });
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
    child.on("error", reject);
  });
}
