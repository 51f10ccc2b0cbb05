//! Words, letters and endings that point to few languages, beyond the stop words.

use refrain_record::Language::{self, Da, De, En, Es, Fr, It, Nb, Nl, Pl, Pt, Sv};

/// What customers of shops write, by language, folded.
pub(super) const SHOP_WORDS: &[(Language, &str)] = &[
    (
        En,
        "order orders ordered parcel package delivery delivered shipping shipped return returned refund money
        item items received receive cancel payment paid card account address change want need help know tell
        when where how much many long wrong broken damaged missing late still waiting day days week weeks today
        tomorrow morning please store size send sent back product new got give make show let set see find work
        working number any next every off play add remind weather time there's what's i'll hour hours night book ticket
        name seat flight sure problem bye good love find open close off keep new old people thing read",
    ),
    (
        De,
        "bestellung bestellt bestellen paket lieferung geliefert liefern versand versendet rücksendung retoure
        erstattung geld artikel erhalten bekommen stornieren zahlung bezahlt konto adresse ändern möchte brauche
        hilfe wissen wann wieviel lange falsch kaputt defekt fehlt spät warte tag tage tagen woche wochen heute
        morgen morgens abend gutschein grösse schicken geschickt zurück rechnung kunde mal immer gerade leider
        mehr diesmal liebe grüsse freundlichen guten gibt's uhr stunde stunden nächste nächsten stelle zeige
        zeig erinnere erinnerung füge hinzu wetter lösche alle lied musik spiele jeden
        finde finden buche spielt läuft vergib gib sterne punkte namens foto tisch entferne abbrechen minuten",
    ),
    (
        Da,
        "ordre ordren bestilling bestilt bestille pakke pakken levering leveret levere forsendelse sendt retur
        returnere refusion penge pengene vare varen varer modtaget få annullere betaling betalt konto adresse
        ændre hjælp vide hvornår længe forkert gået stykker mangler forsinket venter dag dage uge uger morgen
        aften størrelse tilbage faktura kunde stadig desværre venlig hilsen mvh gerne ønsker endnu sker synes
        klokken time timer næste hver slet vis mindes påmind påmindelse tilføj vejret spil sang alarmer bede
        varmt koldt regne sne solen bliv kvarter gang gange flere alene været afspil afspille sæt indstil tænde
        bord bordet billede viser showet programmet reservér bestil hedder serverer tæt vejret mad tilbud eftermiddag
        brug bruge lav lave anullér annullér paraply minutter stjerner ud hvordan hvilke afspilningsliste",
    ),
    (
        Nl,
        "bestelling besteld bestellen pakket pakketje levering geleverd leveren bezorgd bezorging verzending
        verzonden retour retourneren terug terugbetaling geld artikel ontvangen annuleren betaling betaald adres
        wijzigen graag nodig hulp weten lang verkeerd kapot beschadigd ontbreekt laat wacht wachten dag dagen
        week weken vandaag morgen ochtend avond maat sturen gestuurd factuur klant alsjeblieft aub groet groeten
        vriendelijke ontvang zeg zet uur volgende elke herinner herinnering herinneringen verwijder toon voeg toe
        weer speel muziek liedje alarmen wekker wekkers laten zien hoeveel gaat regenen vanavond beschikbaar
        vind vinden boek tafel speelt foto serie genaamd beoordeel punten zoek zoeken bekijk uren minuten",
    ),
    (
        Fr,
        "commande commandé commander colis livraison livré livrer expédition expédié retour retourner
        remboursement rembourser argent article reçu recevoir annuler paiement payé carte compte adresse changer
        voudrais veux besoin aide savoir combien temps mauvais cassé abîmé manque retard attends jour jours
        semaine semaines aujourd'hui demain matin soir taille envoyer envoyé facture client bonsoir cordialement
        svp numéro produit problème toujours encore jamais heure heures prochain chaque montre ajoute météo",
    ),
    (
        Es,
        "pedido pedidos paquete entrega entregado envío enviado devolución devolver reembolso dinero artículo
        recibido recibir cancelar pago pagado tarjeta cuenta dirección cambiar necesito ayuda saber cuánto tiempo
        roto falta tarde esperando día días semana semanas mañana noche talla factura cliente favor buenas saludos
        llegado llega producto número",
    ),
    (
        It,
        "ordine ordini ordinato pacco consegna consegnato spedizione spedito reso restituire rimborso soldi
        articolo ricevuto ricevere annullare pagamento pagato carta conto indirizzo cambiare bisogno aiuto sapere
        quanto tempo sbagliato rotto manca ritardo aspettando giorno giorni settimana settimane oggi domani
        mattina sera taglia fattura cliente favore buonasera saluti arrivato prodotto numero trova",
    ),
    (
        Sv,
        "beställning beställt beställa paket paketet leverans levererat skickat skicka retur returnera
        återbetalning pengar pengarna vara varan mottagit fått avbryta betalning betalat konto adress ändra
        behöver hjälp veta länge fel trasig saknas försenad väntar dag dagar vecka veckor idag imorgon storlek
        tillbaka faktura kund fortfarande tyvärr vänlig hälsning mvh gärna order nummer kommer fram",
    ),
    (
        Nb,
        "ordre ordren bestilling bestilt bestille pakke pakken pakka levering levert levere sendt retur
        returnere refusjon penger pengene vare varen varer mottatt fått kansellere betaling betalt konto adresse
        endre trenger hjelp vite lenge feil ødelagt mangler forsinket venter dag dager uke uker morgen kveld
        størrelse tilbake faktura kunde fortsatt dessverre vennlig hilsen mvh gjerne ønsker enda skjer ennå",
    ),
    (
        Pl,
        "zamówienie zamówienia zamówiłam zamówiłem paczka paczki paczkę dostawa dostawy przesyłka wysyłka wysłane
        zwrot zwrócić pieniądze towar produkt otrzymałam otrzymałem anulować płatność zapłaciłem konto adres
        zmienić potrzebuję pomoc pomocy długo zły uszkodzony brakuje czekam dni tydzień tygodnie dzisiaj dziś
        jutro rozmiar faktura faktury klient pozdrawiam numer",
    ),
    (
        Pt,
        "encomenda encomendas pedido pacote entrega entregue envio enviado devolução devolver reembolso dinheiro
        artigo produto recebi receber cancelar pagamento pago cartão conta endereço morada alterar preciso ajuda
        saber quanto tempo errado partido falta atraso esperando dia dias semana semanas hoje amanhã manhã noite
        tamanho fatura cliente favor boa tarde cumprimentos chegou número",
    ),
];

/// Letters that few of the languages write, as they stand after folding.
pub(super) const LETTERS: &[(&str, &[Language])] = &[
    ("æø", &[Da, Nb]),
    ("å", &[Da, Nb, Sv]),
    ("ä", &[De, Sv]),
    ("ö", &[De, Sv]),
    ("ü", &[De]),
    ("ñ¿¡", &[Es]),
    ("ąęłńśźżć", &[Pl]),
    ("ãõ", &[Pt]),
    ("çêâ", &[Fr, Pt]),
    ("îœûë", &[Fr]),
    ("ôï", &[Fr]),
    ("ì", &[It]),
    ("ò", &[It]),
    ("è", &[Fr, It]),
    ("ù", &[Fr, It]),
    ("áíú", &[Es, Pt]),
    ("ó", &[Es, Pl, Pt]),
];

/// Parts of words that few of the languages have; `-` marks the side that must be the word's edge.
pub(super) const PARTS: &[(&str, &[Language])] = &[
    ("-ung", &[De]),
    ("-ungen", &[De]),
    ("-keit", &[De]),
    ("-heit", &[De]),
    ("-lich", &[De]),
    ("-isch", &[De]),
    ("-iert", &[De]),
    ("-icht", &[De]),
    ("sch-", &[De, Nl]),
    ("pf-", &[De]),
    ("ge-", &[De, Nl]),
    ("ver-", &[De, Nl]),
    ("zu-", &[De]),
    ("-tz", &[De]),
    ("-heid", &[Nl]),
    ("-lijk", &[Nl]),
    ("-tje", &[Nl]),
    ("-tjes", &[Nl]),
    ("ij", &[Nl]),
    ("aa", &[Nl]),
    ("oe", &[Nl]),
    ("uu", &[Nl]),
    ("ui", &[Nl, Fr]),
    ("oo", &[En, Nl]),
    ("ee", &[En, Nl]),
    ("-ing", &[En, Da, Nl, Sv, Nb]),
    ("-ings", &[En]),
    ("-ight", &[En]),
    ("-ly", &[En]),
    ("-ed", &[En]),
    ("-ness", &[En]),
    ("th-", &[En]),
    ("wh-", &[En]),
    ("-th", &[En]),
    ("-ck", &[En, De]),
    ("-y", &[En]),
    ("sh-", &[En]),
    ("-sh", &[En]),
    ("-tion", &[En, Fr, De, Da, Sv]),
    ("-hed", &[Da]),
    ("-erne", &[Da, Nb]),
    ("-ede", &[Da]),
    ("-igt", &[Da, Sv]),
    ("-else", &[Da, Nb]),
    ("hv-", &[Da, Nb]),
    ("-elig", &[Da, Nb]),
    ("ej-", &[Da]),
    ("-øj", &[Da]),
    ("-jeg", &[Da]),
    ("-vej", &[Da]),
    ("hj-", &[Da, Nb, Sv]),
    ("kj-", &[Nb]),
    ("skj-", &[Nb]),
    ("gj-", &[Nb]),
    ("-sjon", &[Nb]),
    ("-ast", &[Sv]),
    ("-ade", &[Sv]),
    ("-ment", &[En, Fr]),
    ("-eux", &[Fr]),
    ("-aux", &[Fr]),
    ("-eur", &[Fr]),
    ("-ez", &[Fr]),
    ("-ais", &[Fr]),
    ("-ait", &[Fr]),
    ("-é", &[Fr]),
    ("-ée", &[Fr]),
    ("-que", &[Fr]),
    ("-ción", &[Es]),
    ("-dad", &[Es]),
    ("-ado", &[Es, Pt]),
    ("-ido", &[Es, Pt]),
    ("ll-", &[Es]),
    ("-zione", &[It]),
    ("-mente", &[It, Es, Pt]),
    ("-ato", &[It]),
    ("-ito", &[It, Es]),
    ("-tà", &[It]),
    ("gli", &[It]),
    ("-ção", &[Pt]),
    ("-ções", &[Pt]),
    ("nh", &[Pt]),
    ("lh", &[Pt]),
    ("sz", &[Pl]),
    ("cz", &[Pl]),
    ("rz", &[Pl]),
    ("prz-", &[Pl]),
    ("-ego", &[Pl]),
    ("-nie", &[Pl]),
];

/// Pieces around an apostrophe: `j'ai`, `don't`.
pub(super) const ELISIONS: &[(&str, &[Language])] = &[
    ("j'", &[Fr]),
    ("n'", &[Fr]),
    ("qu'", &[Fr]),
    ("c'", &[Fr, It]),
    ("m'", &[Fr]),
    ("s'", &[Fr]),
    ("t'", &[Fr]),
    ("d'", &[Fr, It]),
    ("l'", &[Fr, It]),
    ("un'", &[It]),
    ("dell'", &[It]),
    ("all'", &[It]),
    ("'t", &[En]),
    ("'m", &[En]),
    ("'re", &[En]),
    ("'ll", &[En]),
    ("'ve", &[En]),
    ("'d", &[En]),
];
