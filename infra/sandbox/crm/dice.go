package crm

// Everything that looks like chance is a hash of the seed and of what it is for, so that a record can be made again from
// its number alone and needs no memory until somebody changes it.

// mix is splitmix64 over its parts.
func mix(seed uint64, parts ...uint64) uint64 {
	x := seed
	for _, p := range parts {
		x = scramble(x ^ scramble(p+0x9e3779b97f4a7c15))
	}
	return x
}

func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Dice gives numbers that depend on their seed only.
type Dice struct{ state uint64 }

// NewDice starts a sequence.
func NewDice(seed uint64, parts ...uint64) *Dice { return &Dice{mix(seed, parts...)} }

func (d *Dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return scramble(d.state)
}

// N gives a number from 0 up to below n.
func (d *Dice) N(n int) int {
	if n <= 1 {
		return 0
	}
	return int(d.next() % uint64(n))
}

// One is true once in n times.
func (d *Dice) One(n int) bool { return d.N(n) == 0 }

// Below is true with probability p.
func (d *Dice) Below(p float64) bool { return float64(d.next()>>11)/(1<<53) < p }

func (d *Dice) pick(words []string) string { return words[d.N(len(words))] }

// Shuffle orders n things anew.
func (d *Dice) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, d.N(i+1))
	}
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The lengths of ids behind their prefix: those of old kinds of objects are long, those of new kinds short.
const (
	longID  = 43
	shortID = 22
)

// makeID gives the id with a prefix, such as lead_, that belongs to the parts.
func makeID(prefix string, length int, seed uint64, parts ...uint64) string {
	b := make([]byte, 0, len(prefix)+length)
	b = append(b, prefix...)
	d := NewDice(seed, parts...)
	for len(b) < cap(b) {
		x := d.next()
		for i := 0; i < 10 && len(b) < cap(b); i++ {
			b = append(b, base62[x%62])
			x /= 62
		}
	}
	return string(b)
}
