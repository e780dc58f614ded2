// node render.mjs HOST: a component that uses the hook, without a browser. Each line of standard input is its next
// job id (empty: none); the end of the input takes the component away. Whatever comes to be shown is a line of JSON
// on standard output: the hook's answer, and the text that the component makes of it.

import { createElement, useEffect } from "react";
import renderer from "react-test-renderer";
import { createInterface } from "node:readline";

import "./websocket.mjs";
import { useConversionProgress } from "./hook.mjs";

globalThis.window = { location: { host: process.argv[2] } };

function Conversion({ jobId }) {
  const { progress, connected } = useConversionProgress(jobId);
  useEffect(() => console.log(JSON.stringify({ jobId, connected, progress, shown: page.toJSON() })));
  if (!connected) return "Connecting...";
  return `${progress?.status} ${progress?.progress} % ${progress?.eta_seconds} s`;
}

const page = renderer.create(createElement(Conversion, { jobId: null }), { unstable_isConcurrent: true });
createInterface({ input: process.stdin })
  .on("line", (line) => page.update(createElement(Conversion, { jobId: line || null })))
  .on("close", () => page.unmount());
