package bankfile

import "strings"

const (
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// latin writes a text with the characters that banks take from each other: a-z A-Z 0-9 / - ? : ( ) . , ' + and space, the Latin set of
// the EPC's SEPA guidelines. It goes by the idea of their conversion table (EPC217-08,
// https://www.europeanpaymentscouncil.eu/document-library/guidance-documents/sepa-requirements-extended-character-set-unicode-subset-best):
//
//   - a letter with marks becomes the letter without (ä a, Ł L, ộ o), ß ss, Æ AE, Œ OE, Þ TH;
//   - Greek and Cyrillic letters become Latin ones (θ th, ж zh); letters of full width become narrow ones;
//   - & is +, _ and dashes -, brackets (), quotes ', a semicolon a comma, \ and | a slash;
//   - white space and control characters are a space, several together one; marks and what has no width vanish;
//   - everything else, letters of other scripts among it, is a full stop.
//
// No slash stands beside another, at the beginning or at the end, since banks refuse such in references. The tables are our own, so
// that the same text is cleaned alike whatever Unicode version the program was built with. At most limit characters are left.
func latin(text string, limit int) string {
	var b strings.Builder
	last := byte(' ')
	for _, r := range text {
		for _, c := range []byte(latinRune(r)) {
			if c == last && (c == ' ' || c == '/') || c == '/' && b.Len() == 0 {
				continue
			}
			if b.WriteByte(c); b.Len() > 4*limit {
				return cut(b.String(), limit)
			}
			last = c
		}
	}
	return cut(b.String(), limit)
}

func cut(text string, limit int) string { return strings.Trim(text[:min(len(text), limit)], " /") }

// identifier cleans an id: as latin does, and what separates words is a hyphen.
func identifier(text string, limit int) string {
	return strings.ReplaceAll(latin(text, limit), " ", "-")
}

func latinRune(r rune) string {
	if r >= 0xFF01 && r <= 0xFF5E { // full width
		r -= 0xFF01 - '!'
	}
	switch {
	case r <= ' ' || r >= 0x7F && r <= 0xA0, r == 0x1680, r >= 0x2000 && r <= 0x200A, r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000:
		return " "
	case weightless(r):
		return ""
	case r < 0x7F:
		return latinASCII(byte(r))
	case r >= 0xC0 && r <= 0x24F:
		if one := latinLetters[r-0xC0 : r-0xC0+1]; one != "." {
			return one
		}
	case r >= 0x1E00 && r <= 0x1EFF:
		if one := moreLetters[r-0x1E00 : r-0x1E00+1]; one != "." {
			return one
		}
	}
	return latinPair(r)
}

// weightless tells what changes or joins its neighbours and takes no room itself.
func weightless(r rune) bool {
	switch {
	case r == 0xAD, r == 0xFEFF, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2069:
		return true
	case r >= 0x300 && r <= 0x36F, r >= 0x1AB0 && r <= 0x1AFF, r >= 0x1DC0 && r <= 0x1DFF, r >= 0x20D0 && r <= 0x20FF, r >= 0xFE00 && r <= 0xFE0F, r >= 0xFE20 && r <= 0xFE2F:
		return true
	}
	return false
}

func latinASCII(c byte) string {
	if i := strings.IndexByte("&_~;[{]}\\|`\"", c); i >= 0 {
		return "+--,(())//''"[i : i+1]
	}
	if strings.IndexByte(upper+lower+digits+"/-?:().,'+ ", c) < 0 {
		return "."
	}
	return string(rune(c))
}

// latinPair looks a character up in pairs.
func latinPair(r rune) string {
	i := strings.Index(pairs, " "+string(r)+"=")
	if i < 0 || r == '=' {
		return "."
	}
	rest := pairs[i+len(" =")+len(string(r)):]
	return rest[:strings.IndexByte(rest, ' ')]
}

// latinLetters are those without marks of U+00C0 to U+024F, moreLetters those of U+1E00 to U+1EFF; a full stop for what has none.
const (
	latinLetters = "AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..aaaaaa.ceeeeiiiidnooooo.ouuuuy.yAaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg" +
		"GgGgHhHhIiIiIiIiIi..JjKkkLlLlLl..LlNnNnNn.NnOoOoOo..RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs" +
		"bBBb..OCcDDDd.EAEFfG...IKkl.MNnOOo..Pp.....tTtTUu.VYyZz......................AaIiOoUuUuUuUuUueAa" +
		"Aa..GgGgKkOoOo..j...Gg..NnAa....AaAaEeEeIiIiOoOoRrRrUuUuSsTt..Hh.d..ZzAaEeOoOoOoOoYylntj..ACcLTs" +
		"z..BU.EeJj..RrYy"
	moreLetters = "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRr" +
		"SsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwy.s....AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe" +
		"EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy......"
)

// pairs are characters and what is written for them.
const pairs = " ß=ss ẞ=SS Æ=AE æ=ae Ǽ=AE ǽ=ae Œ=OE œ=oe Þ=TH þ=th Ĳ=IJ ĳ=ij ŉ='n Ǆ=DZ ǅ=Dz ǆ=dz Ǉ=LJ ǈ=Lj ǉ=lj Ǌ=NJ ǋ=Nj ǌ=nj Ǳ=DZ ǲ=Dz ǳ=dz " +
	"‘=' ’=' ‚=, ‛=' “=' ”=' „=' ‹=' ›=' «=' »=' ´=' ‐=- ‑=- ‒=- –=- —=- ―=- −=- …=... ·=. •=. €=E " +
	"Α=A Β=V Γ=G Δ=D Ε=E Ζ=Z Η=I Θ=TH Ι=I Κ=K Λ=L Μ=M Ν=N Ξ=X Ο=O Π=P Ρ=R Σ=S Τ=T Υ=Y Φ=F Χ=CH Ψ=PS Ω=O " +
	"α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o " +
	"Ά=A Έ=E Ή=I Ί=I Ό=O Ύ=Y Ώ=O Ϊ=I Ϋ=Y ά=a έ=e ή=i ί=i ό=o ύ=y ώ=o ϊ=i ϋ=y ΐ=i ΰ=y " +
	"А=A Б=B В=V Г=G Д=D Е=E Ё=E Ж=ZH З=Z И=I Й=Y К=K Л=L М=M Н=N О=O П=P Р=R С=S Т=T У=U Ф=F Х=H Ц=TS Ч=CH Ш=SH Щ=SHT Ъ=A Ы=Y Ь=Y Э=E Ю=YU Я=YA " +
	"а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h ц=ts ч=ch ш=sh щ=sht ъ=a ы=y ь=y э=e ю=yu я=ya " +
	"Є=YE є=ye І=I і=i Ї=I ї=i Ґ=G ґ=g Ў=U ў=u Ђ=D ђ=d Ј=J ј=j Љ=LJ љ=lj Њ=NJ њ=nj Ћ=C ћ=c Џ=DZ џ=dz Ѓ=G ѓ=g Ќ=K ќ=k Ѕ=DZ ѕ=dz "
