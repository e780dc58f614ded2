// A React hook that follows one job: the last message of its socket, and whether the socket stands.
//
// It listens while the component is there; another job id means another socket; null means none.

import { useEffect, useState } from "react";

export function useConversionProgress(jobId) {
  const [progress, setProgress] = useState(null);
  const [connected, setConnected] = useState(false);

  useEffect(() => {
    if (jobId === null) return undefined;
    const listening = new AbortController();
    const socket = new globalThis.WebSocket(`ws://${window.location.host}/ws/conversion/${jobId}/`);
    const on = (event, handler) => {
      socket.addEventListener(event, (told) => {
        // the end of the last job's socket may come after the beginning of the next one's
        if (!listening.signal.aborted) handler(told);
      });
    };
    on("open", () => setConnected(true));
    on("close", () => setConnected(false));
    on("message", ({ data: text }) => setProgress(JSON.parse(text)));
    return () => {
      listening.abort();
      setConnected(false);
      socket.close();
    };
  }, [jobId]);

  return { progress, connected };
}
