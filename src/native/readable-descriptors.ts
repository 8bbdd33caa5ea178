import { node } from 'koffi';

/** node.poll() of koffi is libuv’s uv_poll_t; a handle that nobody holds is closed by the collector. */
const handles = new Set<node.PollHandle>();

/**
 * Has `wake` called from Node’s event loop while a descriptor is readable of a kind that Node itself cannot watch
 * (those of the RDMA devices). It makes the descriptor non-blocking; `wake` reads until nothing is left. A read in
 * libuv’s pool would hold one of its threads for good, and process.exit() would wait for that thread. Keeps no process
 * alive. Returns what ends it, to be called before the descriptor is closed.
 */
export function watchReadable(fd: number, wake: () => void): () => void {
  const handle = node.poll(fd, () => {
    try {
      wake();
    } catch (error) {
      // An error cannot pass through libuv: from here it is uncaught, as in any other event.
      setImmediate(() => {
        throw error;
      });
    }
  });
  handle.unref();
  handles.add(handle);
  return () => {
    if (handles.delete(handle)) handle.close();
  };
}
