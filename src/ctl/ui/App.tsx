import { Box, useInput } from 'ink';
import { useSyncExternalStore } from 'react';
import type { Controller } from '../screen/controller.js';
import { keyNames } from './key-names.js';
import { ScreenLine } from './ScreenLine.js';

/** Keys into the controller, its lines onto the screen; all else is decided there. */
export function App({ controller, colour }: { controller: Controller; colour: boolean }) {
  const lines = useSyncExternalStore(controller.subscribe, controller.lines);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) controller.press(name);
  });
  return (
    <Box flexDirection="column">
      {lines.map((line, row) => (
        <ScreenLine key={row} line={line} colour={colour} />
      ))}
    </Box>
  );
}
