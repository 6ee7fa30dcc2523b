/* One open page: shows the state that Python hands down, and passes on what hands do.
   Only what belongs to this browser (are the curves shown?) is decided and kept here. */

const CURVES_KEY = "lullaflow-curves";
const TOAST_MS = 6000;

/* The words of the connection popup, which NiceGUI shows by itself while the socket is away. */
const AWAY = "This page has lost touch with the house.";
const AWAY_ASIDE = "It looks for it and comes back by itself. The pump goes on recording.";

export default {
  template: `
    <div class="room" :class="['mood-' + state.mood, { lit: photos.length }]">
      <div class="night" aria-hidden="true">
        <div class="stars"></div>
        <svg class="hills" viewBox="0 0 1200 300" preserveAspectRatio="none">
          <path class="far" d="M0 150 C 190 60 330 70 520 130 S 900 200 1200 90 V 300 H 0 Z" />
          <path class="near" d="M0 220 C 240 150 420 190 640 225 S 1010 250 1200 190 V 300 H 0 Z" />
        </svg>
      </div>
      <TransitionGroup name="soft" tag="div" class="ambient" aria-hidden="true">
        <div v-for="url in photos" :key="url" :style="{ backgroundImage: 'url(' + url + ')' }"></div>
      </TransitionGroup>

      <nav v-if="state.pumps.length > 1" class="pumps" aria-label="Which pump">
        <button v-for="pump in state.pumps" :key="pump.slug" type="button"
                :aria-pressed="pump.slug === state.pump" @click="$emit('choose', pump.slug)">
          <span class="dot" :class="{ busy: pump.busy }" aria-hidden="true"></span>{{ pump.name }}
        </button>
      </nav>

      <div class="stage">
        <Transition name="soft">
          <svg v-if="!photos.length" class="moon" viewBox="-150 -150 300 300" aria-hidden="true">
            <defs>
              <radialGradient id="disc" cx="0.38" cy="0.32" r="0.8">
                <stop offset="0" class="bright" /><stop offset="1" class="shade" />
              </radialGradient>
              <radialGradient id="glow">
                <stop offset="0.3" class="glow-in" /><stop offset="1" class="glow-out" />
              </radialGradient>
            </defs>
            <circle class="halo" r="148" fill="url(#glow)" />
            <circle r="62" fill="url(#disc)" />
            <g class="seas">
              <ellipse cx="-20" cy="-18" rx="17" ry="13" /><ellipse cx="16" cy="-28" rx="9" ry="7" />
              <ellipse cx="22" cy="14" rx="15" ry="11" /><ellipse cx="-16" cy="26" rx="10" ry="7" />
            </g>
          </svg>
        </Transition>
        <TransitionGroup name="soft" tag="div" class="frame">
          <img v-for="url in photos" :key="url" :src="url" alt="Your photo" />
        </TransitionGroup>
      </div>

      <div class="below">
        <div class="words" aria-live="polite" aria-atomic="true">
          <Transition name="words" mode="out-in"><h1 :key="state.sentence">{{ state.sentence }}</h1></Transition>
          <p class="aside">{{ state.aside }}</p>
        </div>

        <figure v-if="curves && curve" class="curves" aria-label="Milk and suction, the last minutes">
          <div v-for="lane in lanes" :key="lane.name" :class="lane.kind">
            <figcaption><span>{{ lane.name }}</span><span>{{ lane.now }}</span></figcaption>
            <svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
              <path class="area" :d="lane.area" /><path class="line" :d="lane.line" />
            </svg>
          </div>
        </figure>

        <div class="hands">
          <button type="button" class="sound" :disabled="state.sound === 'none'" @click="$emit('sound')">
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M4 9.5v5h3.2L12 18.5v-13L7.2 9.5z" />
              <path v-if="state.sound === 'on'" d="M15.2 9.2a4 4 0 0 1 0 5.6M17.8 6.6a7.6 7.6 0 0 1 0 10.8" />
              <path v-else d="M15.5 9.8l5 5M20.5 9.8l-5 5" />
            </svg>
            {{ { on: 'Sound off', off: 'Sound on', none: 'No sound here' }[state.sound] }}
          </button>
          <button type="button" class="quiet" :disabled="!state.can_quiet" @click="$emit('quiet')">
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M19.5 14.6A8 8 0 0 1 9.4 4.5a8 8 0 1 0 10.1 10.1z" /></svg>
            {{ state.quiet ? 'Quiet for now' : 'Not now' }}
          </button>
          <button type="button" class="switch-curves" :aria-expanded="curves" @click="switchCurves">
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 15c3 0 3-8 6-8s3 10 6 10 3-6 6-6" /></svg>
            {{ curves ? 'Hide curves' : 'Show curves' }}
          </button>
        </div>
      </div>
      <p class="toast" role="status" :class="{ said: toast }">{{ toast }}</p>
    </div>`,

  props: { state: Object, curve: Array, said: Array },
  emits: ["choose", "sound", "quiet", "curves"],

  data() {
    return { photos: [], curves: false, toast: "" };
  },

  mounted() {
    this.showPhoto(this.state.photo);
    this.setCurves(localStorage.getItem(CURVES_KEY) === "shown");
    document.documentElement.lang = "en";
    const popup = document.getElementById("popup");
    const [main, aside] = popup.children;
    [main.textContent, aside.textContent] = [AWAY, AWAY_ASIDE];
    popup.setAttribute("role", "status");
  },

  watch: {
    "state.photo"(url) {
      this.showPhoto(url);
    },
    said([text]) {
      this.toast = text;
      clearTimeout(this.toastTimer);
      this.toastTimer = setTimeout(() => (this.toast = ""), TOAST_MS);
    },
  },

  computed: {
    lanes() {
      const end = this.curve.length ? this.curve[this.curve.length - 1][0] : 0;
      const begin = Math.max(this.curve.length ? this.curve[0][0] : 0, end - 300);
      return [
        lane(this.curve, 1, "milk", "Milk", "ml a minute", 20, begin, end),
        lane(this.curve, 2, "suction", "Suction", "mmHg", 250, begin, end),
      ];
    },
  },

  methods: {
    /* A photo fades in only when it is wholly there. */
    async showPhoto(url) {
      if (url) {
        const image = new Image();
        image.src = url;
        await image.decode().catch(() => {});
        if (url !== this.state.photo) return;
        this.stayAwake();
      } else {
        this.wakeLock?.release();
      }
      this.photos = url ? [url] : [];
    },

    /* A screen that goes dark just when the photo has come is no help. */
    async stayAwake() {
      this.wakeLock = await navigator.wakeLock?.request("screen").catch(() => null);
    },

    switchCurves() {
      localStorage.setItem(CURVES_KEY, this.curves ? "hidden" : "shown");
      this.setCurves(!this.curves);
    },

    setCurves(shown) {
      this.curves = shown;
      this.$emit("curves", shown);
    },
  },
};

/* One curve: its paths in a box of 100 by 40, and its last value in words. */
function lane(points, column, kind, name, unit, least, begin, end) {
  const top = Math.max(least, ...points.map((point) => point[column] * 1.1));
  const span = Math.max(end - begin, 30);
  const spots = points
    .filter((point) => point[0] >= begin)
    .map((point) => [100 - ((end - point[0]) / span) * 100, 39 - (point[column] / top) * 37]);
  const line = spots.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");
  const area = spots.length ? `${line}L100 40L${spots[0][0].toFixed(2)} 40Z` : "";
  const now = points.length ? `${Math.round(points[points.length - 1][column])} ${unit}` : "";
  return { kind, name, line, area, now };
}
