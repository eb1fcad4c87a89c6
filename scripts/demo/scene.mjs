// The demo's people and what they say. The voices are Debian's speech synthesizers; the sentences are ours.

/** Who lives in the house: each is enrolled from three recordings. `voice` is flite's, or `ked` for festival's. */
export const people = [
  {
    id: 'nora',
    name: 'Nora',
    voice: 'slt',
    samples: [
      'Hello, this is Nora from the first floor. I water the plants on the stairs, and yes, I talk to them while I do it. The fern answers more often than my brother.',
      'On Saturdays I bake bread. If the hallway smells of burning, that is the crust and it is meant to be like that. Please do not call the fire brigade a second time.',
      'My bicycle is the green one with the bell that sounds like a duck. Borrow it whenever you like, but bring it back before the shops close.',
    ],
  },
  {
    id: 'hugo',
    name: 'Hugo',
    voice: 'rms',
    samples: [
      'Good evening, Hugo speaking. I repair radios in the attic, so any strange voices that you hear after midnight are most probably the weather report.',
      'The washing machine in the cellar stops at minute forty. Kick it gently on the left side, count to three, and it will remember what it was doing.',
      'I keep a list of everybody who has borrowed my ladder. It is a long list, and it is written on the wall where the ladder used to be.',
    ],
  },
  {
    id: 'angus',
    name: 'Angus',
    voice: 'awb',
    samples: [
      'This is Angus, ground floor, next to the front door. I hear everyone who comes and goes, and I have opinions about the way they close the gate.',
      'The cat belongs to nobody, but she takes her breakfast with me, her lunch with Nora, and in the evening she looks at all of us as if she had never eaten.',
      'Every autumn I sweep the yard from one corner to the other, and every autumn the wind brings the leaves back in the order in which I took them away.',
    ],
  },
];

/** The voice nobody has enrolled. */
export const visitor = { id: 'visitor', voice: 'kal16' };

/** Seconds of room between two turns, used in turn. */
export const pausesSeconds = [0.45, 0.3, 0.6, 0.35, 0.5];

/** A minute at the door, as the intercom hears it: `[who, what]`. */
export const conversation = [
  ['visitor', 'Good evening. I have a parcel for this house. It is warm, and it is humming.'],
  ['angus', 'Who is it at this hour? The bell has been broken since Easter.'],
  ['visitor', 'That is why I knocked. Then I sang. Then I found this button.'],
  [
    'hugo',
    'Humming, you said? That must be my new transformer. Please do not shake it, and do not let the cat sit on it.',
  ],
  ['angus', 'She is on it already. She looks very comfortable.'],
  [
    'nora',
    'Hugo, the last time you ordered something that hums, the lights went out in the whole street, and my bread came out flat.',
  ],
  ['hugo', 'That was one evening, and the neighbours said that they had never seen so many stars.'],
  ['visitor', 'I need somebody to sign for it. Any name will do, but it must be one of yours.'],
  ['nora', 'I will come down. Angus, hold the cat. Hugo, hold your breath.'],
  ['angus', 'The cat does not wish to be held. She has started to hum as well.'],
  ['hugo', 'Wonderful. Then the frequency is right.'],
  ['nora', 'There, signed. Thank you, and mind the step on your way out, it hums too.'],
  ['visitor', 'Good night to all of you. I have never enjoyed a delivery so much.'],
];
