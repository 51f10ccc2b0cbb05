//! What a word may do in a title: be one, open it, close it, or only stand inside.
//!
//! `where is my parcel` opens with a question word, holds `is` and `my`, and closes with a noun.

use refrain_record::Language;
use refrain_text::{is_courteous, is_stopword};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// The part a word plays in a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Says what it is about.
    Content,
    /// Turns it into its opposite.
    Negation,
    /// Opens a question that a title may keep: `where`, `when`.
    Question,
    /// Closes a phrase well after a content word: `up` of `top up`.
    Particle,
    /// Stands inside a phrase only.
    Weak,
    /// No phrase goes across: `because`, `how`.
    Break,
}

struct Lists {
    /// Words that other lists hold but that name an issue.
    content: &'static str,
    negations: &'static str,
    questions: &'static str,
    particles: &'static str,
    /// Fillers beyond the stop words: wishes, times, vague words.
    weak: &'static str,
    /// Words that open a clause, and pronouns that are its subject.
    breaks: &'static str,
}

const EN: Lists = Lists {
    content: "confirm",
    negations: "not no never cannot can't won't doesn't didn't don't without cant wont dont didnt doesnt isnt wasnt \
        havent hasnt couldnt arent unable",
    questions: "where when wheres",
    particles: "up out off back down in help day days",
    weak: "want wants wanted wanting need needs needed like know knows tell let lets make makes made trying try tried going gonna \
        wanna go goes went come came see say said says ask asked asking think thought seem seems seemed got give \
        getting gets hope able im ive id dear sir really still yet already ever even much many lot lots every one ones two three \
        few several thing things stuff something anything someone anyone somehow somewhere however actually currently recently \
        soon ago today yesterday tomorrow tonight week weeks month months hour hours minute minutes \
        monday tuesday wednesday thursday friday saturday sunday january february march april june july august \
        september october november december first last next within between via per against upon during since \
        always never maybe again also quite couple since anymore instead around away possible able wish love \
        hoping guys folks everyone good best well way kind sort someone's what's it's there's here's that's i'll \
        we're you're they're he's she's we've you've let's y'all ya u ur r pm am shall might must may whether both \
        each another any via wondering look looking nothing everything else long using put took taking \
        happen happened happening people often sometimes certain regarding concerning keep keeps kept till onto upon write writing written wrote http https www com asap still",
    breaks: "i we you they he she who which that but because if so then while although though unless until how why what whose \
        please just i'm i've i'd hi hello or",
};

const DE: Lists = Lists {
    content: "passt",
    negations: "nicht kein keine keinen keiner keinem nie niemals ohne nichts",
    questions: "wo wann wohin woher wieviel",
    particles: "zurück ab an aus hilfe",
    weak: "möchte möchten will wollen wollte wollten würde würden brauche gerne gern mal immer leider zwar eben halt eigentlich bereits gestern \
        heute morgen tage tagen tag woche wochen monat monate monaten uhr montag dienstag mittwoch donnerstag freitag samstag \
        sonntag sagen wissen gesagt geht gehen gehts machen gemacht macht lassen müssen müsste sollte sollen darf \
        etwa ungefähr vielleicht trotzdem obwohl deshalb daher dort damit dazu davon dafür daran darauf dabei \
        durch hinter neben zwischen während wegen trotz innerhalb zwei drei vier erste ersten letzte letzten nächste \
        ganz viel viele alle allem alles andere anderen jede jeder jedes mehr weniger fast gar total echt einfach \
        bitten hätte hätten wäre wären sei seid worden geworden jemand man irgendwie schreibe schrieb raus los rein vor stk irgendwas weiter genau \
        ihnen liebe lieber januar februar märz april mai juni juli august september oktober november dezember \
        beispielsweise sowie einmal zwar rum finde finden kommt kommen hab ne nen nem is",
    breaks: "ich wir sie er dass ob weil wenn aber denn damit sodass welche welcher welches wie warum wieso weshalb was wer \
        und oder bitte hallo da als",
};

const DA: Lists = Lists {
    content: "",
    negations: "ikke ingen aldrig uden intet",
    questions: "hvor hvornår",
    particles: "tilbage væk hjælp",
    weak: "vil gerne ønsker brug får fået lidt bare lige allerede stadig endnu altid måske ellers dag dage uge uger måned \
        måneder går igår mandag tirsdag onsdag torsdag fredag lørdag søndag kl siger sagt ved vide hvad \
        hvis mener synes gik gået tager taget sætte gøre gjort skulle burde måtte hele andet andre to tre første sidste \
        næste forrige siden mellem hos igen derfor faktisk desværre stå står ser se sige komme kommer bliver blevet \
        hvert hele helt ret ganske cirka ca nemlig skriver skrev januar februar marts april maj juni juli august september oktober november \
        december jeres",
    breaks: "jeg vi han hun de man at om fordi hvis men når da så hvordan hvorfor hvad hvem hvilken hvilket som der og eller",
};

const NL: Lists = Lists {
    content: "",
    negations: "niet geen nooit zonder niks",
    questions: "waar wanneer hoeveel",
    particles: "terug af weg hulp",
    weak: "graag wilde willen zou zouden moest even eigenlijk toch steeds altijd al alweer gisteren vandaag morgen dag dagen week weken maand \
        maanden uur maandag dinsdag woensdag donderdag vrijdag zaterdag zondag weten zeggen gezegd gaan gaat ging doen \
        doet gedaan krijg krijgen komt komen laat laten staat staan zie zien misschien helaas ongeveer ergens iemand \
        iets alles tussen tijdens binnen vanaf via per twee drie eerste laatste volgende vorige heel erg veel meer \
        andere ander elke ieder helemaal gewoon net pas geleden schrijf schreef neem nemen januari februari maart april mei juni juli augustus september \
        oktober november december me m'n z'n er",
    breaks: "ik wij we jij je jullie hij zij ze u dat of omdat als want maar toen terwijl hoe waarom wat wie welke die en dus",
};

const FR: Lists = Lists {
    content: "",
    negations: "pas jamais sans aucun aucune",
    questions: "où quand combien",
    particles: "",
    weak: "voudrais voulais veux souhaite souhaiterais aimerais besoin toujours encore déjà hier aujourd'hui demain jour \
        jours semaine semaines mois heure heures lundi mardi mercredi jeudi vendredi samedi dimanche savoir dire dit \
        dis aller allez vais va vont fois deux trois premier première dernier dernière prochain chaque peut-être \
        malheureusement environ vers entre contre selon lors afin ainsi puis quelque quelques quelqu'un chose choses \
        tout toutes autres vraiment juste simplement ici là ceci étaient serait seraient pourrait pourriez pourrais \
        devrait dois doit devez mettre mis mise ai as avait avais janvier février mars avril mai juin juillet août \
        septembre octobre novembre décembre nouveau rien faire fait bcp cmd ou écris écrit",
    breaks: "je j nous vous il ils elle elles on qui que qu quoi dont si car mais parce comme comment pourquoi quel quelle quels quelles \
        lorsque puisque et donc tu",
};

const ZH: Lists = Lists {
    content: "",
    negations: "没 不 未 无 没有 不是 不能 还没 没法 无法 不会 不让 不给",
    questions: "什么时候 哪里 哪儿 多久 多少 多少钱 几天 怎么 为什么 啥时候",
    particles: "",
    weak: "个 件 双 次 天 号 月 日 点 块 元 只 条 台 瓶 本 张 位 家 些 之 其 此 以 于 则 即 等 让 用 去 来 看 看看 说 问 帮 帮忙 麻烦 买 买了 \
        年 前 后 内 中 大 小 多 少 一 二 两 三 四 五 六 七 八 九 十 半 今天 昨天 明天 上周 下周 周末 现在 刚 刚刚 才 已 已经 \
        一直 总是 又 再 也 都 就 只是 应该 知道 觉得 想 要 需要 希望 可以 能 会 得 地 们 这边 那边 你们家 咱 咱们 大家 人 时候 \
        的话 一下 一个 这种 那种 这样 那样 真的 非常 比较 特别 有点 怎样 这款 那款 自己 别人 好 很 最 挺 太 真 呗 哈 嘛 咋 啦 \
        上午 下午 晚上 早上 星期 亲 本来 结果 直接 然后 目前 首 跟 当 所有 每 各 该 由 任何",
    breaks: "我 你 您 他 她 它 我们 你们 他们 但 但是 而且 因为 所以 如果 请 请问 或者 还是 吗 呢 吧 啊 呀 哦 了吗",
};

const NONE: Lists = Lists {
    content: "",
    negations: "",
    questions: "",
    particles: "",
    weak: "",
    breaks: "",
};

/// The part that a folded word plays in its language.
pub(super) fn part_of(language: Language, folded: &str) -> Part {
    static PARTS: LazyLock<Vec<FxHashMap<&'static str, Part>>> =
        LazyLock::new(|| Language::ALL.iter().map(|&language| parts(lists(language))).collect());
    if let Some(&part) = PARTS.get(language as usize).and_then(|parts| parts.get(folded)) {
        return part;
    }
    if language == Language::En
        && let Some((base, ending)) = folded.rsplit_once('\'')
    {
        if ending == "t" && base.ends_with('n') {
            return Part::Negation;
        }
        let part = part_of(language, base);
        return if part == Part::Particle { Part::Content } else { part };
    }
    if is_stopword(language, folded) || is_courteous(language, folded) {
        Part::Weak
    } else {
        Part::Content
    }
}

/// How two neighbours together open a question that a title may keep: `how long`, `wie lange`. `None` when they do not;
/// else whether the second by itself says what is asked for, as in `how heavy`.
pub(super) fn measures(first: &str, second: &str, part: Part) -> Option<bool> {
    match (first, second) {
        ("how", "long" | "much" | "many")
        | ("wie", "lange" | "lang" | "viel" | "viele" | "oft")
        | ("hoe", "lang" | "veel" | "vaak") => Some(false),
        ("how" | "wie" | "hoe", _) if part == Part::Content => Some(true),
        _ => None,
    }
}

/// Whether a negation closes a phrase well: `funktioniert nicht`, but not `does not`.
pub(super) fn negates_behind(language: Language) -> bool {
    matches!(language, Language::De | Language::Da | Language::Nl | Language::Fr)
}

/// Whether a Chinese question word closes a phrase well: `到哪里`, but not `怎么` of `怎么办`.
pub(super) fn asks_behind(word: &str) -> bool {
    matches!(word, "哪里" | "哪儿" | "多久" | "多少" | "多少钱" | "几天")
}

/// Words of Chinese grammar that the lists hold, for cutting a text into words.
pub(super) fn han_words() -> impl Iterator<Item = &'static str> {
    let lists = [ZH.negations, ZH.questions, ZH.weak, ZH.breaks];
    lists.into_iter().flat_map(str::split_whitespace)
}

fn lists(language: Language) -> &'static Lists {
    match language {
        Language::En => &EN,
        Language::De => &DE,
        Language::Da => &DA,
        Language::Nl => &NL,
        Language::Fr => &FR,
        Language::Zh => &ZH,
        _ => &NONE,
    }
}

/// Later lists win.
fn parts(lists: &'static Lists) -> FxHashMap<&'static str, Part> {
    let by_part = [
        (lists.weak, Part::Weak),
        (lists.breaks, Part::Break),
        (lists.particles, Part::Particle),
        (lists.questions, Part::Question),
        (lists.negations, Part::Negation),
        (lists.content, Part::Content),
    ];
    let entries = by_part
        .into_iter()
        .flat_map(|(words, part)| words.split_whitespace().map(move |word| (word, part)));
    entries.collect()
}

/// What remains of a word without its ending, so that `cards` and `card` are one; never empty for a word.
pub(super) fn stem(language: Language, folded: &str) -> &str {
    let endings: &[&str] = match language {
        Language::En => &[
            "'s", "ations", "ation", "ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y",
        ],
        Language::De => &["ungen", "ung", "ern", "en", "em", "er", "es", "et", "e", "n", "s", "t"],
        Language::Da => &[
            "ingerne", "ingen", "ing", "erne", "ene", "ers", "en", "et", "er", "es", "e", "t", "s",
        ],
        Language::Nl => &["ingen", "ing", "tjes", "tje", "jes", "je", "en", "er", "s", "e", "t"],
        Language::Fr => &[
            "ations", "ation", "ements", "ement", "ées", "és", "ée", "er", "ez", "é", "es", "e", "s",
        ],
        _ => &[],
    };
    let cut = endings
        .iter()
        .find_map(|ending| folded.strip_suffix(ending).filter(|rest| rest.chars().count() >= 3))
        .unwrap_or(folded);
    // `cancell` of `cancelled` is `cancel`.
    let mut backwards = cut.char_indices().rev();
    match (backwards.next(), backwards.next()) {
        (Some((at, last)), Some((_, before))) if last == before && cut.len() < folded.len() && at >= 3 => &cut[..at],
        _ => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_part_of_a_word() {
        for (language, word, part) in [
            (Language::En, "hasn't", Part::Negation),
            (Language::En, "where", Part::Question),
            (Language::En, "where's", Part::Question),
            (Language::En, "the", Part::Weak),
            (Language::De, "nicht", Part::Negation),
            (Language::De, "paket", Part::Content),
            (Language::Da, "hvornår", Part::Question),
            (Language::Nl, "geen", Part::Negation),
            (Language::Fr, "où", Part::Question),
            (Language::Zh, "没有", Part::Negation),
            (Language::It, "pacco", Part::Content),
        ] {
            assert_eq!(part_of(language, word), part, "{word}");
        }
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (language, a, b) in [
            (Language::En, "cards", "card"),
            (Language::En, "cancelled", "cancel"),
            (Language::En, "charging", "charged"),
            (Language::De, "bestellungen", "bestellung"),
            (Language::Da, "pakken", "pakke"),
            (Language::Nl, "pakketje", "pakket"),
            (Language::Fr, "livraisons", "livraison"),
        ] {
            assert_eq!(stem(language, a), stem(language, b), "{a} {b}");
        }
        assert_eq!(stem(Language::En, "is"), "is");
        assert_eq!(stem(Language::Zh, "订单"), "订单");
    }
}
