import { generateApiKey } from '../../adapters/api-key.ts';

/** What a client may send by mistake, and no output may show: each with the part of it that would give it away. */
export interface PlantedSecret {
  readonly what: string;
  readonly text: string;
  readonly needle: string;
}

const CARD = '4111111111111111';
const KEY = generateApiKey('live').text;

export const PLANTED: readonly PlantedSecret[] = [
  { what: 'a card number', text: CARD, needle: CARD },
  { what: 'a card number in groups', text: '5555 5555 5555 4444', needle: '5555 5555 5555 4444' },
  // Not refused, since no card is written so; hidden all the same.
  { what: 'a card number with dots', text: '3782.8224.6310.005', needle: '3782.8224.6310.005' },
  { what: 'an API key', text: KEY, needle: KEY.slice(-40) },
  { what: 'an AWS key', text: 'AKIAIOSFODNN7EXAMPLE', needle: 'AKIAIOSFODNN7EXAMPLE' },
  {
    what: 'a secret key of a PSP',
    text: `sk_${'live'}_4eC39HqLyjWDarjtT1zdp7dc`,
    needle: '4eC39HqLyjWDarjtT1zdp7dc',
  },
  { what: 'a URL with a password', text: 'https://user:hunter2hunter2@host/x', needle: 'hunter2hunter2' },
];
