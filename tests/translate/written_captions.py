"""Captions written by hand, a block each: en, es, ja, hi, de, fr, zh, bn."""

WRITTEN = """
A man and a woman are sitting on a bench and looking at the sea.
Un hombre y una mujer están sentados en un banco mirando el mar.
男性と女性がベンチに座って海を眺めている。
एक आदमी और एक औरत बेंच पर बैठकर समुद्र को देख रहे हैं।
Ein Mann und eine Frau sitzen auf einer Bank und blicken aufs Meer.
Un homme et une femme sont assis sur un banc et regardent la mer.
一男一女坐在长椅上看海。
একজন পুরুষ ও একজন মহিলা বেঞ্চে বসে সমুদ্রের দিকে তাকিয়ে আছেন।

Two children build a sandcastle while their mother reads a book.
Dos niños construyen un castillo de arena mientras su madre lee un libro.
母親が本を読んでいる間、二人の子供が砂の城を作っている。
दो बच्चे रेत का महल बना रहे हैं जबकि उनकी माँ किताब पढ़ रही है।
Zwei Kinder bauen eine Sandburg, während ihre Mutter ein Buch liest.
Deux enfants construisent un château de sable pendant que leur mère lit un livre.
两个孩子在堆沙堡，他们的妈妈在看书。
দুটি শিশু বালির প্রাসাদ বানাচ্ছে আর তাদের মা বই পড়ছেন।

A bus with the number 42 stops in front of the station.
Un autobús con el número 42 se detiene frente a la estación.
42番のバスが駅の前に止まっている。
42 नंबर की बस स्टेशन के सामने रुकती है।
Ein Bus mit der Nummer 42 hält vor dem Bahnhof.
Un bus portant le numéro 42 s'arrête devant la gare.
42路公共汽车停在车站前面。
৪২ নম্বর বাসটি স্টেশনের সামনে থামে।

Tourists take photographs of the Eiffel Tower at night.
Unos turistas fotografían la Torre Eiffel de noche.
観光客が夜のエッフェル塔の写真を撮っている。
पर्यटक रात में एफ़िल टॉवर की तस्वीरें खींच रहे हैं।
Touristen fotografieren nachts den Eiffelturm.
Des touristes photographient la tour Eiffel la nuit.
游客们在夜里拍摄埃菲尔铁塔。
পর্যটকরা রাতে আইফেল টাওয়ারের ছবি তুলছেন।

A pizza with tomatoes, mushrooms and olives
Una pizza con tomates, champiñones y aceitunas
トマトとマッシュルームとオリーブのピザ
टमाटर, मशरूम और जैतून वाला पिज़्ज़ा
Eine Pizza mit Tomaten, Pilzen und Oliven
Une pizza aux tomates, aux champignons et aux olives
一张有番茄、蘑菇和橄榄的披萨
টমেটো, মাশরুম ও জলপাই দেওয়া একটি পিৎজা

The clock on the tower shows half past three.
El reloj de la torre marca las tres y media.
塔の時計は三時半を指している。
मीनार की घड़ी में साढ़े तीन बजे हैं।
Die Uhr am Turm zeigt halb vier.
L'horloge de la tour indique trois heures et demie.
塔上的钟显示三点半。
টাওয়ারের ঘড়িতে সাড়ে তিনটা বাজে।

An old fisherman repairs his net in the harbour.
Un viejo pescador repara su red en el puerto.
年老いた漁師が港で網を直している。
एक बूढ़ा मछुआरा बंदरगाह पर अपना जाल ठीक कर रहा है।
Ein alter Fischer flickt im Hafen sein Netz.
Un vieux pêcheur répare son filet dans le port.
一位老渔夫在港口修补渔网。
একজন বৃদ্ধ জেলে বন্দরে তার জাল মেরামত করছেন।

A surfer rides a huge wave under a cloudy sky.
Un surfista monta una ola enorme bajo un cielo nublado.
曇り空の下、サーファーが大きな波に乗っている。
एक सर्फ़र बादलों से घिरे आसमान के नीचे एक विशाल लहर पर सवार है।
Ein Surfer reitet unter bewölktem Himmel auf einer riesigen Welle.
Un surfeur chevauche une énorme vague sous un ciel nuageux.
一名冲浪者在阴天下乘着巨浪。
মেঘলা আকাশের নিচে একজন সার্ফার বিশাল ঢেউয়ে চড়ছে।

Snow covers the roofs of the village.
La nieve cubre los tejados del pueblo.
雪が村の屋根を覆っている。
गाँव की छतों पर बर्फ़ जमी है।
Schnee bedeckt die Dächer des Dorfes.
La neige recouvre les toits du village.
雪覆盖着村庄的屋顶。
গ্রামের ছাদগুলো বরফে ঢাকা।

Red apples in a basket
Manzanas rojas en una cesta
かごに入った赤いりんご
टोकरी में लाल सेब
Rote Äpfel in einem Korb
Des pommes rouges dans un panier
篮子里的红苹果
ঝুড়িতে লাল আপেল

A sleeping baby
Un bebé dormido
眠っている赤ちゃん
सोता हुआ बच्चा
Ein schlafendes Baby
Un bébé endormi
熟睡的婴儿
ঘুমন্ত শিশু

Empty chairs in a classroom
Sillas vacías en un aula
教室の空いた椅子
कक्षा में खाली कुर्सियाँ
Leere Stühle in einem Klassenzimmer
Des chaises vides dans une salle de classe
教室里的空椅子
শ্রেণিকক্ষে খালি চেয়ার

A tennis player in white is about to serve.
Una tenista vestida de blanco está a punto de sacar.
白い服のテニス選手がサーブを打とうとしている。
सफ़ेद कपड़ों में एक टेनिस खिलाड़ी सर्विस करने वाली है।
Eine Tennisspielerin in Weiß schlägt gleich auf.
Une joueuse de tennis en blanc s'apprête à servir.
一名穿白衣的网球选手正准备发球。
সাদা পোশাকে একজন টেনিস খেলোয়াড় সার্ভ করতে যাচ্ছেন।

The train to Berlin leaves from platform 7.
El tren a Berlín sale del andén 7.
ベルリン行きの列車は7番線から発車する。
बर्लिन जाने वाली ट्रेन प्लेटफ़ॉर्म 7 से छूटती है।
Der Zug nach Berlin fährt von Gleis 7 ab.
Le train pour Berlin part du quai 7.
开往柏林的火车从7号站台出发。
বার্লিনগামী ট্রেনটি ৭ নম্বর প্ল্যাটফর্ম থেকে ছাড়ে।

Sarah and Tom are cutting their wedding cake.
Sarah y Tom están cortando su tarta de boda.
サラとトムがウェディングケーキを切っている。
सारा और टॉम अपना शादी का केक काट रहे हैं।
Sarah und Tom schneiden ihre Hochzeitstorte an.
Sarah et Tom coupent leur gâteau de mariage.
萨拉和汤姆正在切他们的结婚蛋糕。
সারা ও টম তাদের বিয়ের কেক কাটছেন।

A dog that has caught a frisbee runs back to its owner.
Un perro que ha atrapado un frisbee vuelve corriendo hacia su dueño.
フリスビーをくわえた犬が飼い主のもとへ走って戻る。
फ्रिस्बी पकड़ चुका एक कुत्ता अपने मालिक के पास दौड़कर लौट रहा है।
Ein Hund, der eine Frisbeescheibe gefangen hat, rennt zu seinem Besitzer zurück.
Un chien qui a attrapé un frisbee revient en courant vers son maître.
一只接住飞盘的狗跑回主人身边。
একটি কুকুর ফ্রিসবি ধরে তার মালিকের কাছে দৌড়ে ফিরছে।

Several sheep graze on a hill behind a stone wall.
Varias ovejas pastan en una colina detrás de un muro de piedra.
石垣の向こうの丘で数頭の羊が草を食べている。
पत्थर की दीवार के पीछे एक पहाड़ी पर कई भेड़ें चर रही हैं।
Mehrere Schafe grasen auf einem Hügel hinter einer Steinmauer.
Plusieurs moutons paissent sur une colline derrière un mur de pierre.
几只羊在石墙后面的山坡上吃草。
পাথরের দেয়ালের পেছনে পাহাড়ে কয়েকটি ভেড়া চরছে।

The street is wet after the rain, and the lights are reflected in it.
La calle está mojada después de la lluvia y en ella se reflejan las luces.
雨上がりの道は濡れていて、明かりが映っている。
बारिश के बाद सड़क गीली है और उसमें रोशनियाँ झलक रही हैं।
Die Straße ist nach dem Regen nass, und die Lichter spiegeln sich darin.
La rue est mouillée après la pluie et les lumières s'y reflètent.
雨后街道湿漉漉的，灯光倒映在上面。
বৃষ্টির পরে রাস্তা ভেজা, আর তাতে আলো প্রতিফলিত হচ্ছে।

A nurse measures the blood pressure of a patient.
Una enfermera mide la presión arterial de un paciente.
看護師が患者の血圧を測っている。
एक नर्स मरीज़ का रक्तचाप माप रही है।
Eine Krankenschwester misst den Blutdruck eines Patienten.
Une infirmière mesure la tension d'un patient.
一名护士在给病人量血压。
একজন নার্স রোগীর রক্তচাপ মাপছেন।

An airplane is landing at sunset.
Un avión aterriza al atardecer.
飛行機が夕暮れに着陸している。
सूर्यास्त के समय एक हवाई जहाज़ उतर रहा है।
Ein Flugzeug landet bei Sonnenuntergang.
Un avion atterrit au coucher du soleil.
一架飞机在日落时降落。
সূর্যাস্তের সময় একটি বিমান অবতরণ করছে।

Vegetables for sale at a market
Verduras a la venta en un mercado
市場で売られている野菜
बाज़ार में बिकती सब्ज़ियाँ
Gemüse zum Verkauf auf einem Markt
Des légumes en vente sur un marché
市场上出售的蔬菜
বাজারে বিক্রির জন্য সবজি

A cyclist without a helmet waits at a red light.
Un ciclista sin casco espera en un semáforo en rojo.
ヘルメットをかぶっていない自転車の人が赤信号で待っている。
बिना हेलमेट का एक साइकिल सवार लाल बत्ती पर रुका है।
Ein Radfahrer ohne Helm wartet an einer roten Ampel.
Un cycliste sans casque attend au feu rouge.
一个没戴头盔的骑车人在等红灯。
হেলমেট ছাড়া একজন সাইকেল আরোহী লাল বাতিতে অপেক্ষা করছে।

A little girl blows out five candles on her birthday cake.
Una niña pequeña sopla cinco velas de su tarta de cumpleaños.
小さな女の子が誕生日ケーキの五本のろうそくを吹き消している。
एक छोटी लड़की अपने जन्मदिन के केक पर पाँच मोमबत्तियाँ बुझा रही है।
Ein kleines Mädchen bläst fünf Kerzen auf seiner Geburtstagstorte aus.
Une petite fille souffle cinq bougies sur son gâteau d'anniversaire.
一个小女孩正在吹灭生日蛋糕上的五根蜡烛。
একটি ছোট মেয়ে তার জন্মদিনের কেকের পাঁচটি মোমবাতি নেভাচ্ছে।

The kitchen has white cupboards and a large window.
La cocina tiene armarios blancos y una ventana grande.
台所には白い戸棚と大きな窓がある。
रसोई में सफ़ेद अलमारियाँ और एक बड़ी खिड़की है।
Die Küche hat weiße Schränke und ein großes Fenster.
La cuisine a des placards blancs et une grande fenêtre.
厨房里有白色的橱柜和一扇大窗户。
রান্নাঘরে সাদা আলমারি ও একটি বড় জানালা আছে।

Elephants are bathing in a muddy river.
Unos elefantes se bañan en un río fangoso.
象たちが泥の川で水浴びをしている。
हाथी कीचड़ भरी नदी में नहा रहे हैं।
Elefanten baden in einem schlammigen Fluss.
Des éléphants se baignent dans une rivière boueuse.
大象在泥泞的河里洗澡。
হাতিরা কাদাময় নদীতে স্নান করছে।

A teacher writes a long equation on the blackboard.
Un profesor escribe una ecuación larga en la pizarra.
先生が黒板に長い方程式を書いている。
एक शिक्षक ब्लैकबोर्ड पर एक लंबा समीकरण लिख रहा है।
Ein Lehrer schreibt eine lange Gleichung an die Tafel.
Un professeur écrit une longue équation au tableau.
一位老师在黑板上写一个很长的方程式。
একজন শিক্ষক ব্ল্যাকবোর্ডে একটি লম্বা সমীকরণ লিখছেন।

Nobody is on the football pitch.
No hay nadie en el campo de fútbol.
サッカー場には誰もいない。
फ़ुटबॉल के मैदान पर कोई नहीं है।
Niemand ist auf dem Fußballplatz.
Il n'y a personne sur le terrain de football.
足球场上没有人。
ফুটবল মাঠে কেউ নেই।

A laptop, a cup of coffee and a pair of glasses on a desk
Un portátil, una taza de café y unas gafas en un escritorio
机の上のノートパソコンとコーヒーと眼鏡
मेज़ पर एक लैपटॉप, एक प्याला कॉफ़ी और चश्मा
Ein Laptop, eine Tasse Kaffee und eine Brille auf einem Schreibtisch
Un ordinateur portable, une tasse de café et des lunettes sur un bureau
书桌上有一台笔记本电脑、一杯咖啡和一副眼镜
ডেস্কে একটি ল্যাপটপ, এক কাপ কফি ও একটি চশমা

The bride throws her bouquet to the guests.
La novia lanza su ramo a los invitados.
花嫁が招待客にブーケを投げる。
दुल्हन मेहमानों की ओर अपना गुलदस्ता फेंकती है।
Die Braut wirft den Gästen ihren Strauß zu.
La mariée lance son bouquet aux invités.
新娘把花束抛向宾客。
কনে অতিথিদের দিকে তার ফুলের তোড়া ছুড়ে দেয়।

A very, very small boat on a very large lake
Una barca muy, muy pequeña en un lago muy grande
とてもとても大きな湖の、とても小さな舟
एक बहुत बड़ी झील पर एक बहुत, बहुत छोटी नाव
Ein sehr, sehr kleines Boot auf einem sehr großen See
Une toute, toute petite barque sur un très grand lac
一只很小很小的船在一个很大的湖上
খুব বড় একটি হ্রদে খুব, খুব ছোট একটি নৌকা

Firefighters put out a fire in an old factory.
Los bomberos apagan un incendio en una antigua fábrica.
消防士が古い工場の火事を消している。
दमकलकर्मी एक पुराने कारख़ाने में लगी आग बुझा रहे हैं।
Feuerwehrleute löschen einen Brand in einer alten Fabrik.
Des pompiers éteignent un incendie dans une vieille usine.
消防员在扑灭一家旧工厂的大火。
দমকলকর্মীরা একটি পুরোনো কারখানার আগুন নেভাচ্ছেন।

A skier jumps over a rock.
Un esquiador salta por encima de una roca.
スキーヤーが岩を飛び越えている。
एक स्कीयर चट्टान के ऊपर से कूद रहा है।
Ein Skifahrer springt über einen Felsen.
Un skieur saute par-dessus un rocher.
一名滑雪者跃过一块岩石。
একজন স্কিয়ার একটি পাথরের উপর দিয়ে লাফ দিচ্ছে।

A sign says STOP in white letters.
Una señal dice STOP en letras blancas.
標識に白い文字でSTOPと書かれている。
एक बोर्ड पर सफ़ेद अक्षरों में STOP लिखा है।
Auf einem Schild steht STOP in weißen Buchstaben.
Un panneau indique STOP en lettres blanches.
标志牌上用白色字母写着STOP。
একটি সাইনবোর্ডে সাদা অক্ষরে STOP লেখা আছে।

My grandmother's garden in spring, full of tulips and daffodils
El jardín de mi abuela en primavera, lleno de tulipanes y narcisos
チューリップと水仙でいっぱいの、春の祖母の庭
वसंत में मेरी दादी का बग़ीचा, ट्यूलिप और नरगिस से भरा हुआ
Der Garten meiner Großmutter im Frühling, voller Tulpen und Narzissen
Le jardin de ma grand-mère au printemps, plein de tulipes et de jonquilles
春天里我奶奶的花园，开满了郁金香和水仙花
বসন্তে আমার দাদির বাগান, টিউলিপ ও ড্যাফোডিলে ভরা

Blue sky
Cielo azul
青い空
नीला आसमान
Blauer Himmel
Ciel bleu
蓝天
নীল আকাশ
"""
