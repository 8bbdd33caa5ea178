import { testUnits } from '../../support/guest-units.js';

testUnits('thread');
