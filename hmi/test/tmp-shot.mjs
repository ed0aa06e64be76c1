import { test } from "node:test";
import { open } from "./browser.mjs";
test("shot", async () => {
  const page = await open("http://127.0.0.1:8929/", { hash: process.env.HASH ?? "#/config", lang: process.env.LANG_ ?? "en" });
  if (process.env.CLICK) { await page.getByRole("button", { name: process.env.CLICK }).click(); await page.waitForTimeout(Number(process.env.WAIT ?? 15000)); }
  console.log(await page.textContent("main"));
  console.log(page.errors);
  await page.screenshot({ path: process.env.OUT ?? "/tmp/cfg-shots/a.png" });
});
