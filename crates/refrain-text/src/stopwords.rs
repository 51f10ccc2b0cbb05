//! Words that carry grammar, not matter, by language, in folded form (see [`fold`](crate::fold())).

use std::sync::LazyLock;

use refrain_record::Language;

/// The stop words of a language, folded, ascending, unique; a short list for languages that refrain
/// only tells apart. Chinese entries may be longer than one character.
#[must_use]
pub fn stopwords(language: Language) -> &'static [&'static str] {
    static LISTS: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
        let list = |language: &Language| {
            let mut words: Vec<_> = words_of(*language).split_ascii_whitespace().collect();
            words.sort_unstable();
            words.dedup();
            words
        };
        Language::ALL.iter().map(list).collect()
    });
    LISTS.get(language as usize).map_or(&[], Vec::as_slice)
}

/// Whether a folded word is a stop word of the language.
#[must_use]
pub fn is_stopword(language: Language, folded: &str) -> bool {
    stopwords(language).binary_search(&folded).is_ok()
}

fn words_of(language: Language) -> &'static str {
    match language {
        Language::En => {
            "a about after again all also am an and any are as at be because been before being but by can
            could did do does doing don down for from get got had has have he her here hers him his how i if in
            into is isn it its just ll me more most my myself no nor not now of off on once only or other our
            ours out over own please re same she should so some still such than that the their them then there
            these they this those through to too under until up us ve very was we were what when where which
            while who whom why will with would you your yours don't doesn't didn't isn't can't won't i'm i've
            i'd it's that's hi hello thanks thank"
        }
        Language::De => {
            "aber als also am an auch auf aus bei beim bin bis bist bitte da dann das dass dein dem den denn der
            des dich die dies diese diesem diesen dieser dieses dir doch du ein eine einem einen einer eines er
            es etwas euch euer eure für gegen gibt hab habe haben hat hatte hatten hier hin ich ihm ihn ihnen
            ihr ihre ihrem ihren ihrer im in ist ja jetzt kann kein keine keinen können könnte könnten man mein
            meine meinem meinen meiner mich mir mit muss nach nicht nichts noch nun nur ob oder ohne schon sehr
            sein seine seit sich sie sind so soll über um und uns unser unsere unter vom von vor war waren warum
            was weil wenn wer werde werden wie wieder wir wird wo wurde wurden zu zum zur hallo danke guten"
        }
        Language::Da => {
            "ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din dine dit
            dog du efter eller en end er et for fordi fra før gør ham han hans har havde have hej hende her hun
            hvad hvem hver hvilken hvis hvor hvordan hvorfor hvornår i ikke ind ingen ja jeg jer jeres jo kan kom
            kunne lige man mange med meget men mig min mine mit mod må nej ned noget nogen nogle nok nu når og
            også om op os over på selv sig sin sine sit skal skulle som så til tak ud uden under var ved vi vil
            ville vor være været været"
        }
        Language::Nl => {
            "aan al alle alleen als alstublieft andere ben bij bent daar dan dat de deze die dit doch doen door
            dus een eens en er ge geen goed graag had heb hebben hebt heeft hem het hier hij hoe hun iets ik in
            is ja je jij jou jouw jullie kan kon kunnen kunt maar me meer men met mij mijn moet moeten na naar
            nee niet niets nog nu of om omdat ons onze ook op over s reeds sinds te tegen toch toen tot u uit uw
            van veel voor waar waarom wanneer want waren was wat we wel welke werd wie wij wil wilt worden wordt
            zal ze zelf zich zij zijn zo zonder zou hallo hoi bedankt dank"
        }
        Language::Fr => {
            "à afin ai aie ainsi alors après as au aucun aussi autre aux avant avec avez avoir avons bien bonjour
            c c'est ça car ce cela celle celui ces cet cette chez comme comment d dans de depuis des donc dont du
            elle elles en encore est et étaient était été être eu eux fait faire faut il ils j j'ai jamais je l
            la le les leur leurs lors lui m ma mais me merci mes moi moins mon n ne ni nos notre nous on ont ou
            où par pas pendant peu peut peux plus pour pourquoi pouvez pu qu quand que quel quelle quelles quels
            qui quoi s sa sans se sera ses si sont son sous suis sur t ta te tes toi ton toujours tous tout toute
            très tu un une va vais vos votre vous y s'il"
        }
        Language::Zh => {
            "的 了 是 我 你 您 他 她 它 我们 你们 他们 在 有 没 没有 不 不是 也 都 就 和 与 或 但 但是 而 把 被 给
            从 到 对 向 为 因为 所以 如果 这 那 这个 那个 什么 怎么 怎样 为什么 吗 呢 吧 啊 呀 哦 请 请问 谢谢 您好 你好 一个
            一下 还 还是 已经 可以 能 会 要 想 很 太 再 又 个 着 过 里 上 下"
        }
        Language::Es => {
            "a al algo así aún aunque como con cual cuando de del desde donde dos el ella ellos en entre era es
            esa ese eso esta está están estas este esto estoy fue gracias ha han hasta hay he hola la las le les
            lo los más me mi mis mucho muy nada ni no nos o os otra otro para pero por porque que qué quiero se
            sea ser si sí sido sin sobre son soy su sus también tan te tengo tiene tienen todo todos tu un una uno
            unos usted ya yo buenos puedo cómo dónde"
        }
        Language::It => {
            "a abbiamo ad ai al alla alle anche ancora avere c'è che chi ci ciao come con cosa cui da dal dalla
            dei del della delle di dopo dove e è ed era gli grazie ha hai hanno ho i il in io l'ho la le lei li lo
            loro lui ma mi mia mio molto ne negli nel nella no noi non nostro o per perché più poi prima può posso
            quale quando quanto quello questa questo qui sarà se sei senza si sia sono sta stato su sua sul sulla
            suo ti tra tu tutti tutto un una uno vi voi vorrei vostro già buongiorno"
        }
        Language::Sv => {
            "all alla allt att av bara blev bli blir de dem den denna deras dessa det detta dig din ditt du där
            då efter ej eller en er ert ett från för få får gör ha hade han har hej hennes henne hon hur här i icke
            in ingen inget inte ja jag kan kunde man med mellan men mer mig min mina mitt mot mycket måste ni nu
            när någon något några och om oss på sedan sig sin sina sitt ska skulle som så tack till under upp ut
            utan vad var vara varför varit vem vi vid vilken vill vår vårt är även åt över"
        }
        Language::Nb => {
            "alle at av bare ble bli blir da de deg dem den denne der deres det dette din ditt du eller en enn er
            et etter for fordi fra få får før gjør ha hadde han hans har hei henne her hun hva hvem hver hvilken
            hvis hvor hvordan hvorfor i ikke ikkje ingen inn ja jeg kan kom kunne man mange med meg mellom men mer
            min mitt mot mye må nå når ned nei noe noen nok og også om opp oss over på seg selv sin sitt skal
            skulle som så takk til um under ut uten var vi vil ville vår være vært"
        }
        Language::Pl => {
            "a aby ale bardzo bez był była było być co czy dla do dlaczego dziękuję dzień dobry gdy gdzie go i
            ich ile im ja jak jaki jako je jego jej jest jestem jeszcze już kiedy kto która które który ma mam
            mi mnie moje moja mój może można mu na nad nam nas nie nic niż o od on ona one oraz po pod przez przy
            proszę są się sobie ta tak także tam te tego tej ten to tu tylko tym u w we witam więc za ze został
            żeby z"
        }
        Language::Pt => {
            "a ao aos as até bom com como da das de dela dele depois do dos e é ela elas ele eles em entre era
            essa esse esta está estão estava este eu foi fui há isso isto já lhe mais mas me mesmo meu minha muito
            na não nas nem no nos nós num numa o olá onde os ou para pela pelo por porque posso qual quando que
            quem quero se sem ser será seu sim só sobre sua são também te tem tenho ter tinha tudo um uma você
            vocês obrigado obrigada às à"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_folded_sorted_and_long_enough() {
        for &language in Language::ALL {
            let words = stopwords(language);
            assert!(words.is_sorted_by(|a, b| a < b), "{language}");
            assert!(words.iter().all(|w| crate::fold(w) == *w), "{language}");
            assert!((60..=150).contains(&words.len()), "{language}: {}", words.len());
        }
    }

    #[test]
    fn knows_its_own() {
        assert!(is_stopword(Language::De, "nicht"));
        assert!(!is_stopword(Language::De, "paket"));
        assert!(!is_stopword(Language::En, "nicht"));
    }
}
