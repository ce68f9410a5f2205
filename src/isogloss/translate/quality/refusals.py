"""What a language model says instead of a translation, or around it."""

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute
import regex

from isogloss.languages import Language
from isogloss.translate.quality.pairs import Fails, Pairs

# Anywhere in a text: apologies, refusals and remarks as no caption has them. Compared without case, `’` as `'`.
SAID = r"""
I'm sorry,? (?:but|I)|I am sorry,? (?:but|I)|I apologi[sz]e|I (?:cannot|can't|can not|am unable to|'m unable to|am not able to|'m not able to) (?:translate|assist|help|provide|fulfil|comply|answer|process|generate|do that|see|view)
as an? (?:AI|artificial intelligence|(?:large )?language model)|I'm (?:just )?an AI|could you (?:please )?provide|please provide (?:the|me|more|a)|(?:let me know|feel free) (?:if|to)|I hope this helps|in English,? this (?:means|translates)
(?:here is|here's|here are|below is|this is) (?:the|a|your|my)[\w ]{0,30} (?:translation|version|sentence in)|the (?:\w+ )?translation (?:of|is|would be)|(?:translates|translated) (?:to|into|as)\b|means "
lo siento,? (?:pero|no)|no puedo (?:traducir|ayudar|proporcionar|cumplir|responder|asistir)|como (?:un )?modelo de lenguaje|como (?:una )?(?:IA|inteligencia artificial)\b|aquí (?:está|tienes|tiene) (?:la|tu|su|una) traducción|la traducción (?:es|sería|al)
désolée?,? (?:mais|je)|je (?:ne peux|suis incapable)|je ne suis pas en mesure|en tant qu(?:e modèle|'IA|'intelligence)|voici (?:la|votre|une) traduction|la traduction (?:est|serait|en)
(?:es )?tut mir leid,? (?:aber|ich)|ich kann (?:das|dies|diesen|diese|ihnen|dir|leider|keine|nicht)|als (?:KI|künstliche Intelligenz|Sprachmodell)|hier ist (?:die|eine|Ihre|deine) Übersetzung|die Übersetzung (?:lautet|ist|ins)
mi dispiace,? (?:ma|non)|non posso (?:tradurre|aiutar|fornire|rispondere)|come (?:modello linguistico|IA\b|intelligenza artificiale)|ecco la (?:tua )?traduzione|la traduzione (?:è|in)
(?:sinto muito|desculpe|lamento),? (?:mas|não)|não posso (?:traduzir|ajudar|fornecer|responder)|como (?:um )?modelo de linguagem|aqui (?:está|vai) a tradução|a tradução (?:é|para)
het spijt me,? (?:maar|ik)|ik kan (?:dit|deze|niet|u|je|geen) |als (?:AI|taalmodel)|hier is de vertaling|de vertaling (?:is|luidt)
(?:извините|простите|прошу прощения|к сожалению),? (?:но|я|не)|я не (?:могу|в состоянии) (?:перевести|помочь|предоставить|выполнить|ответить)|как (?:языковая модель|ИИ\b|искусственный интеллект)|вот (?:ваш )?перевод|перевод (?:на|этого|этой|звучит)
(?:вибачте|перепрошую|на жаль),? (?:але|я|не)|я не можу|ось переклад|(?:przepraszam|przykro mi),? (?:ale|nie)|nie mogę (?:przetłumaczyć|pomóc)|oto tłumaczenie
(?:üzgünüm|özür dilerim|maalesef),? (?:ama|ancak|bu|ben)|çeviremem|çeviremiyorum|yardımcı olam|bir (?:yapay zeka|dil modeli)|işte (?:\w+ )?çeviri
(?:maaf|mohon maaf),? (?:tetapi|tapi|saya|namun)|saya tidak (?:dapat|bisa) (?:menerjemahkan|membantu|memberikan)|sebagai (?:AI|model bahasa|kecerdasan buatan)|berikut (?:adalah |ini )?(?:terjemahan|hasil terjemahan)|terjemahan(?:nya)? (?:adalah|dari)
(?:tôi )?(?:rất )?(?:xin lỗi),? (?:nhưng|tôi)|tôi không thể|là (?:một )?(?:mô hình ngôn ngữ|AI)|đây là bản dịch|bản dịch (?:là|của)
(?:很|非常)?(?:抱歉|对不起|對不起)[，,]?(?:但|我|作为)|我(?:无法|不能|無法)(?:翻译|翻譯|提供|帮|協助|协助|回答|满足)|作为(?:一个|一個)?(?:AI|人工智能|语言模型|大?语言模型)|(?:以下|这)是.{0,8}(?:翻译|译文|翻譯)|(?:翻译|译文|翻譯)(?:如下|是|为|结果|：|:)
申し訳(?:ありません|ございません)|(?:すみません|ごめんなさい)[、が。](?:翻訳|お|私)|(?:翻訳|お答え|お手伝い|お役に立つこと|提供)(?:する|でき)?(?:ことは|ことが)?できません|(?:AI|言語モデル|人工知能)(?:として|である|ですので)|(?:以下|こちら)(?:は|が).{0,12}(?:翻訳|訳)(?:です|になります)|日本語訳|翻訳(?:文|結果)?(?:は|：|:)
죄송(?:합니다|하지만)|번역(?:할|해) ?(?:수 없|드릴 수 없)|도와드릴 수 없|(?:AI|언어 모델|인공지능)(?:로서|이므로|입니다)|(?:다음은|아래는|여기).{0,12}번역|번역(?:문|본|은|:)
(?:मुझे )?(?:खेद है|माफ़ कीजिए|माफ कीजिए|क्षमा करें|माफ़ करें|माफ करें)[,।]?|(?:मैं|मैं इस).{0,30}(?:नहीं कर सकता|नहीं कर सकती|असमर्थ हूँ|असमर्थ हूं)|एक (?:AI|एआई|भाषा मॉडल)|(?:यहाँ|यहां|यह).{0,20}अनुवाद|अनुवाद (?:है|इस प्रकार|:)|अनुवाद:
(?:আমি )?(?:দুঃখিত|ক্ষমা করবেন|মাফ করবেন)|আমি.{0,40}(?:পারব না|পারছি না|পারি না|অক্ষম)|একটি (?:এআই|ভাষা মডেল)|(?:এখানে|এটি|নিচে).{0,20}অনুবাদ|অনুবাদ(?:টি|:|ঃ)
(?:آسف|عذر[اًا]+|أعتذر|معذرة)،? (?:لا|لكن|ولكن|ل|أنا)|لا (?:أستطيع|يمكنني) (?:ترجمة|مساعد|تقديم|أن)|(?:كنموذج|بصفتي) (?:لغ|نموذج|ذكاء)|(?:إليك|هذه هي|فيما يلي) (?:ال)?ترجمة|الترجمة (?:هي|إلى|:)|الترجمة:
(?:متاسفم|متأسفم|ببخشید|عذرخواهی|پوزش)،? (?:اما|ولی|من|می|نمی)|نمی.?توانم (?:ترجمه|کمک|ارائه|این)|(?:به عنوان|من) یک (?:مدل|هوش)|ترجمه(?:ٔ|‌ی)? (?:فارسی|متن|این|به)|ترجمه:
ขออภัย|(?:ไม่สามารถ)(?:แปล|ช่วย|ให้)|ในฐานะ(?:ที่เป็น)? ?(?:AI|โมเดล|แบบจำลอง)|(?:นี่คือ|ต่อไปนี้คือ)คำแปล|คำแปล
"""  # fmt: skip

# At the beginning, or in a bracket: the label of a part of an answer.
LABEL = r"""
translation|translated text|output|answer|note|explanation|sure|certainly|of course|traducción|nota|explicación|claro|por supuesto|traduction|remarque|explication|bien sûr|Übersetzung|Anmerkung|Hinweis|Erklärung|natürlich|gerne|traduzione|spiegazione|certo|tradução|explicação|claro que sim|vertaling|opmerking|перевод|примечание|пояснение|конечно|переклад|примітка|tłumaczenie|uwaga|çeviri|açıklama|elbette|tabii ki|terjemahan|catatan|tentu|bản dịch|ghi chú|翻译|翻譯|译文|譯文|注意|注|说明|解释|好的|当然|翻訳|訳|訳文|注釈|補足|もちろん|번역|참고|설명|물론입니다|अनुवाद|नोट|टिप्पणी|ज़रूर|অনুবাদ|দ্রষ্টব্য|নোট|অবশ্যই|الترجمة|ترجمة|ملاحظة|بالتأكيد|ترجمه|توجه|نکته|حتما|คำแปล|หมายเหตุ|แน่นอน
"""


_SAID = "|".join(f"(?:{line})" for line in SAID.split("\n") if line)

# Texts searched at a time: it bounds the memory.
PART = 100_000


def refusals(pairs: Pairs) -> Fails:
    """Where a translation is, or holds, what a language model says in its own name, in any of twenty languages.

    Where the source says such a thing itself, or has a label, its translation may.
    """
    said, label = _patterns(pairs.target)
    fails = np.zeros(len(pairs), dtype=bool)
    for first in range(0, len(pairs), PART):
        texts = pa.array([_plain(text) for text in pairs.texts[first : first + PART]])
        # RE2 looks for all at once; what it finds is looked at again, for it knows no letters but ASCII's at a border.
        maybe = pyarrow.compute.match_substring_regex(texts, pattern=_SAID, ignore_case=True)  # pyright: ignore
        labels = pyarrow.compute.match_substring_regex(texts, pattern="[:：(（\\[]")  # pyright: ignore
        for row in np.flatnonzero(np.asarray(maybe) | np.asarray(labels)).tolist():
            asked, answered = _plain(pairs.sources[first + row]), texts[row].as_py()
            if said.search(answered):
                fails[first + row] = not said.search(asked)
            elif label.search(answered):
                fails[first + row] = not any(mark in asked for mark in ":：")
    return fails


def _plain(text: str) -> str:
    return text.replace("’", "'")


@cache
def _patterns(target: Language) -> tuple["regex.Pattern[str]", "regex.Pattern[str]"]:
    """What is said, and labels, among which are the names of the target: "Spanish: …"."""
    names = "|".join(regex.escape(name) for name in (target.name, target.endonym))
    # "Sure! Here…", "Translation (Spanish): …", "**Note**: …", "… (Note that …": a label, and what separates it.
    label = rf"^\W*(?:{LABEL.strip()}|{names})\b[^:：\w]{{0,3}}(?:\((?:{names}|[^)]{{1,20}})\))?\W{{0,3}}[:：]"
    aside = rf"[(（\[]\W*(?:{LABEL.strip()})\b[ :：]"
    sure = r"^\W*(?:sure|certainly|of course|claro|bien sûr|natürlich|gerne|certo|конечно|elbette|tentu|好的|当然|もちろん|물론|ज़रूर|অবশ্যই|بالتأكيد)[!！。,，].{0,40}[:：]"
    flags = regex.IGNORECASE | regex.V0
    return regex.compile(rf"(?<![\p{{Latin}}\p{{Cyrillic}}])(?:{_SAID})", flags), regex.compile(
        f"{label}|{aside}|{sure}", flags
    )
