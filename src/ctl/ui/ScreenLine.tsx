import { Text } from 'ink';
import { memo } from 'react';
import type { Line } from '../screen/line.js';
import { segmentLook } from './segment-look.js';

/** One line of the screen, already cut to the window’s width. */
export const ScreenLine = memo(function ScreenLine({ line, colour }: { line: Line; colour: boolean }) {
  return (
    <Text wrap="truncate">
      {line.map((segment, index) => (
        <Text key={index} {...segmentLook(segment, colour)}>
          {segment.text}
        </Text>
      ))}
    </Text>
  );
});
