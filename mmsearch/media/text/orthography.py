"""How languages are written: which letters each has beyond ASCII, and the words that its texts are full of.

So bytes in an unknown encoding can be told: under the wrong one they become letters that no language has together,
signs inside words, and words that nobody writes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

_SIGN_WORTH = 0.7
_MEANINGLESS = frozenset({"Cn", "Co", "Cs"})
_SAMPLE = 4_000  # characters that are looked at: more say the same
_WORD = re.compile(r"[^\W\d_]+")
# What is no writing: signs between letters (Stra§e; but l·l is Catalan), other scripts within a word of Latin letters,
# a stop of Chinese before a small letter, a low quotation mark behind a letter.
_ODD = re.compile(
    r"(?<=[^\W\d_])(?!(?<=[lL])·[lL])[^\w\s'’.\-/&@:,+*´`]+(?=[^\W\d_])"
    r"|(?<=[a-z])[\u3040-\u9fff\uac00-\ud7a3\uff66-\uff9f](?![\u3040-\u9fff\uac00-\ud7a3])"
    r"|(?<=[a-zA-Z])[\u0370-\u05ff]|[\u0370-\u05ff](?=[a-zA-Z])|[•‥、。・\uff01-\uff9f](?=[a-z])|(?<=[^\W\d_])[‚„](?!\w)"
)
_DIGIT_BESIDE = re.compile(r"[^\W\d_a-zA-Z](?=\d)|(?<=\d)[^\W\d_a-zA-Z](?![^\W\d_])")  # Ł5, which was £5

_STOPS = re.compile("[\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")  # of Chinese: two bytes each
_FOREIGN = re.compile(r"(?<!\w)[\u00c0-\u024f]{3,}(?!\w)")  # no word of Latin letters is without any of ASCII
_TABLED = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC")  # scripts whose languages are listed below
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd]")

# What texts in any language have: quotation marks, dashes, currencies, degrees.
_SIGNS = frozenset("«»‹›„“”‚‘’–—…•·°©®™§€£¥¢№±×²³½¼¾ªº\xa0、。，！？：；（）「」『』《》・—…“”‘’　〜～")

_LETTERS: dict[str, str] = {
    "en": "éèêëïîñçüöâàáæœ",
    "es": "áéíñóúü¡¿",
    "pt": "áâãàçéêíóôõú",
    "gl ca": "àçèéíïòóúü·",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "it": "àèéìòùî",
    "de": "äöüß",
    "nl": "éëïöüèêáíóúà",
    "da no": "æøåéôòêàâ",
    "sv": "åäöéàü",
    "fi et": "äöåõüšž",
    "is fo": "áðéíóúýþæöø",
    "ga": "áéíóú",
    "cy": "âêîôûŵŷäëïöẁ",
    "eu sq": "ñçëü",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "pl": "ąćęłńóśźż",
    "hu": "áéíóöőúüű",
    "sl hr": "čćđšž",
    "ro": "ăâîșşțţ",
    "tr": "çğıöşüâîû",
    "az": "əçğıöşü",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "mt": "ċġħżàèìòù",
    "eo": "ĉĝĥĵŝŭ",
    "vi": "ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "sr mk": "абвгдђежзијклљмнњопрстћуфхцчџшѓѕќ",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "he": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي،؟؛",
    "fa": "ءآأؤئابتثجحخدذرزسشصضطظعغفقلمنهوپچژکگی،؟؛",
}
# With those that have a letter beyond ASCII first of all: they tell most.
_WORDS: dict[str, str] = {
    "en": "the of and to in is it that was for on with as his he be at by this are or an not you "
    "she had from who at",
    "es": "el la de que y en un una los las por con para su es más está él sí también año años niño "
    "niña señor día qué cómo dónde mañana aquí así había se lo no muy mi tu pero como todo "
    "esta este son fue tiene hay ser hacer puede cuando donde quien nada siempre nunca yo "
    "ella nos le les hombre mujer dos estoy estás",
    "pt": "o a de que e do da em um uma os as não por com para é está você são já também até à às "
    "mãe irmão pão coração avó avô muito amanhã eu ele ela nós isso este esta mas como quando "
    "onde tudo bem homem mulher ter fazer pode foi tem meu minha",
    "gl ca": "el la de que i en un una els les és amb per no això més també aquest què dia",
    "fr": "le la les de des du et en un une est que qui dans pour pas sur vous nous je il elle à "
    "été où très après près même être déjà là ça voilà mère père frère tête école élève s l d "
    "c ne ce se au aux plus son sa ses ai as avez avons sont suis mais ou si bien tout tous "
    "cette ces mon ma mes ton ta leur lui moi toi quand comme rien jamais toujours encore "
    "peut fait homme femme enfant sûr dû août âge hôtel",
    "it": "il la di che e un una in per non con del della sono è più perché così già può città lui "
    "mi si lo gli ho hai ha abbiamo mia mio tuo questo questa anche ma come quando dove tutto "
    "molto uomo donna due",
    "de": "der die das und ist ein eine in nicht zu den mit von auf für im es sich dem des auch "
    "über können größer schön mädchen straße brücke grüße übung wir ich sie er an am vom zum "
    "habe hat haben wird werden kann was wie wo wer wenn aber oder mein meine dein deine sein "
    "seine ihr ihre uns hier da jetzt nur noch schon sehr mehr alle alles kein keine einen "
    "einem einer mir mich dir dich ihm bei nach mann frau weiß heißt groß großen spaß fuß "
    "draußen ändern spät",
    "nl": "de het een en van in is dat op te zijn voor met niet aan er bij om ook één ik jij hij "
    "zij wij mijn maar als wat waar wie hoe nog al kan heeft hebben man vrouw",
    "da no": "og i at er en et på til som af av med den det de ikke for så også når være går får år øl "
    "ø å jeg har hun han der var fra nær",
    "sv": "och i att är en ett på som av med den det inte för så också när från går får år ö ä å "
    "jag har hon han sig du vi de min din men hur vad var här där två man kvinna",
    "fi et": "ja on ei se että en mitä hän minä sinä ovat myös tämä mutta päivää päivä hyvää yö työ "
    "äiti ning kui oli seda ära või oma siis",
    "is fo": "og að er í á ég það ekki sem við til um en hún hann var með þetta fyrir",
    "ga": "an na agus ar go bhí sé tá í mé le",
    "cs": "a v na se je že s z do to o jsem jako si za po není být když než už této své může který "
    "která které dítě kůň dívka člověk muž žena pes den dobrý jak děti děkuji prosím před při "
    "ještě také k u od má mají sedí stojí ale co kde kdy kdo ten ta tak jen ze pro by byl "
    "byla jeho její dva dvě muži ženy lidé",
    "sk": "a v na sa je že s z do to som ako si za po nie byť keď už aj môže ktorý ktorá kôň človek "
    "deň pes dobrý ďakujem k pri čo čierny biely",
    "pl": "i w na się nie z do to że jest o jak po za od są był być może już też tylko który która "
    "przez przy dziękuję proszę książka dzień a ale dla pod ten ta co gdzie kiedy kto tak ja "
    "ty on ona my dwa dwie mężczyzna kobieta ludzie",
    "hu": "a az és hogy nem is egy van volt meg ez csak már még mint vagy de ha ő én le fel "
    "köszönöm szépen őszi között után előtt hol",
    "sl hr": "je in se na da v za ne so s i u su od što kako nije kao ili če tudi še pri gdje kje že "
    "više vse",
    "ro": "și şi în de la a un o cu pe nu este din care mai se că fi sau până după lângă sunt",
    "tr": "ve bir bu da de için ile çok olarak daha var ne gibi değil sonra kadar ben o en teşekkür",
    "lt": "ir yra kad su iš į tai ne per prie ant apie kaip buvo už jų ačiū labai kur",
    "lv": "un ir kas ar no uz par pa lai ka bija kā vai tā šī pie ļoti kur",
    "ru": "и в не на что я с он как это по а но то все она так его к у из за от же бы был о где "
    "привет",
    "uk": "і в не на що я з він як це по а але то все вона так його до у із за від де та є",
    "bg": "и в не на че аз с той как това по а но то все тя така него до у из за от къде е се да",
}  # fmt: skip

# The characters that make up half of all Chinese text, in both scripts.
_COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後"
    "作里裡裏用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從"
    "想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并並物手应應战戰向头頭"
    "文体體政美相见見被利什二等产產或新己制身果加西月话話合回特代内內信表化老给給世位次度门門任常先海通教儿兒原东東声聲提立及比员員解水名真"
    "论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總何电電数數安少报報才结結反受目太量再感建务務做接必场場件计計管"
    "期市直命山金指许許区區保至队隊形社便空决治展马馬科五基眼书書非则則听聽白却卻界达達光放强強即像难難且权權思王完设設式色路记記南品住告类"
    "類求据據程北边邊死张張该該交规規万萬取拉格望觉覺术術领領共确確传傳师師观觀清今切院让讓识識候带帶导導争爭运運吗嗎吧呢啊谁誰怎哪岁歲"
    "男孩狗猫貓车車站图圖馆館请請买買卖賣吃喝红紅黑蓝藍绿綠黄黃穿坐笑跑跳玩衣服草雪河花树樹家爱愛朋友近最"
)


# And nine of ten syllables of Korean text.
_COMMON_KOREAN = frozenset(
    "이다는을를가에의은하고지도로서사한기자나리인아대시어정해부수일전상제보주장동국공성원그라만과으비스유경조여선우연구세소관것있없않같들면게"
    "되된할니까요습합안내개마너무더많모든생각말람때문저거오와데야네중신물방화교영학간회양당위미명계발활분적실현진운용결통음반식품산업했었였던"
    "본점체르터드트크레디초처치차추출최총축타태토투특파판포표프하함항향호환황후훈휴흥희히가각감강갑값건걷검겠겨견경고곳곧군권귀규금급길김"
    "날남낮년노녀놀눈늘님단달담답닭덕돈돌두둘뒤듯등따딸떤또뜻력련례료류름마막맛망매머먹며몇목못밖받밤배백번법변병복볼봄북불빛빠"
)


class Language(NamedTuple):
    """The letters beyond ASCII (small ones) and the frequent words of a language, or of two that share them."""

    letters: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=1)
def languages() -> tuple[Language, ...]:
    """All languages that are known."""
    return tuple(
        Language(frozenset(letters), frozenset(_WORDS.get(name, "").split()))
        for name, letters in _LETTERS.items()
    )


def plausibility(text: str) -> float:
    """How well ``text`` reads as a text in one language; to compare one file's readings in several encodings.

    About one for each byte beyond ASCII that became what the likeliest language has, three off for each that became
    what it has not, for control characters and signs inside words; frequent words count too.
    """
    text = text[:_SAMPLE]
    lower = text.replace("İ", "i").lower()
    letters = Counter(character for character in lower if not character.isascii())
    signs = sum(letters.pop(sign, 0) for sign in _SIGNS)
    words = Counter(_WORD.findall(lower))
    best = max(_by_language(letters, words, language) for language in languages())
    best = max(best, _by_script(letters)) + _SIGN_WORTH * signs + len(_STOPS.findall(text))
    oddities = sum(len(found[0]) for found in _ODD.finditer(text)) + len(_DIGIT_BESIDE.findall(text))
    oddities += sum(len(word) for word in _FOREIGN.findall(lower))
    humps = sum(_is_hump(a, b, c) for a, b, c in zip(text, text[1:], f"{text[2:]} ", strict=False))
    return best - 2.0 * oddities - 1.0 * humps - 3.0 * len(_CONTROLS.findall(text))


def _is_hump(first: str, second: str, third: str) -> bool:
    """A capital within a word ("dÍ"), or one too many at its beginning ("ĄUn")."""
    if (first + second).isascii() or not second.isupper():
        return False
    return first.islower() or (first.isupper() and not first.isascii() and third.islower())


def _by_language(letters: Counter[str], words: Counter[str], language: Language) -> float:
    known = sum(count for letter, count in letters.items() if letter in language.letters)
    value = known - 3.0 * (letters.total() - known)
    plain = 0
    for word, count in words.items():
        if word.isascii():
            plain += count * (word in language.words)
        elif len(word) == 1:  # a letter alone is a word, or it was a sign
            value += count * (0.5 if word in language.words else -1.0)
        else:
            value += count * (word in language.words)
    return value + min(0.3 * plain, 3.0)


def _by_script(letters: Counter[str]) -> float:
    """What scripts tell whose languages have no tables; Chinese and Korean characters are two bytes elsewhere, too."""
    value = 0.0
    others: Counter[str] = Counter()
    for letter, count in letters.items():
        name = unicodedata.name(letter, "")
        if name.startswith("CJK UNIFIED"):
            value += count * (2.0 if letter in _COMMON_CHINESE else 0.5)
        elif name.startswith(("HIRAGANA", "KATAKANA")):
            value += 2.0 * count
        elif name.startswith("HANGUL SYLLABLE"):
            value += count * (2.0 if letter in _COMMON_KOREAN else 0.4)
        elif unicodedata.category(letter)[0] in "LM" and not name.startswith(_TABLED):
            others[name.partition(" ")[0]] += count
        else:
            value -= 3.0 * count
    most = max(others.values(), default=0)  # a text is in one script
    return value + 0.9 * most - 3.0 * (others.total() - most)


def is_assigned(text: str) -> bool:
    """Whether every character of ``text`` is one that Unicode has given a meaning, and none is a control character."""
    return _CONTROLS.search(text) is None and not any(
        unicodedata.category(character) in _MEANINGLESS for character in set(text)
    )
