"""Replies of one, two or three words, as people answer questions about pictures, and right translations of each."""

LANGUAGES = ("en", "es", "de", "fr", "id", "ja", "hi", "zh")
_ROWS = """
Yes.|Sí.|Ja.|Oui.|Ya.|はい。|हाँ।|是的。
No.|No.|Nein.|Non.|Tidak.|いいえ。|नहीं।|不。
No|No|Nein|Non|Tidak|いいえ|नहीं|不是
Yes|Sí|Ja|Oui|Ya|はい|हाँ|是
One|Uno|Eins|Un|Satu|一つ|एक|一个
Two|Dos|Zwei|Deux|Dua|二つ|दो|两个
Three.|Tres.|Drei.|Trois.|Tiga.|三つ。|तीन।|三个。
Four dogs|Cuatro perros|Vier Hunde|Quatre chiens|Empat anjing|四匹の犬|चार कुत्ते|四只狗
Red|Rojo|Rot|Rouge|Merah|赤|लाल|红色
Blue.|Azul.|Blau.|Bleu.|Biru.|青。|नीला।|蓝色。
Black and white|Blanco y negro|Schwarz und weiß|Noir et blanc|Hitam putih|白と黒|काला और सफ़ेद|黑白
Orange|Naranja|Orange|Orange|Oranye|オレンジ|नारंगी|橙色
Left|Izquierda|Links|Gauche|Kiri|左|बाएँ|左边
On the right|A la derecha|Rechts|À droite|Di kanan|右側|दाईं ओर|右边
Outside|Afuera|Draußen|Dehors|Di luar|外|बाहर|外面
Winter|Invierno|Winter|Hiver|Musim dingin|冬|सर्दी|冬天
Sunny|Soleado|Sonnig|Ensoleillé|Cerah|晴れ|धूप|晴天
A taxi|Un taxi|Ein Taxi|Un taxi|Taksi|タクシー|टैक्सी|出租车
Taxi|Taxi|Taxi|Taxi|Taksi|タクシー|टैक्सी|出租车
Hotel|Hotel|Hotel|Hôtel|Hotel|ホテル|होटल|酒店
Pizza|Pizza|Pizza|Pizza|Pizza|ピザ|पिज़्ज़ा|披萨
Pizza.|Pizza.|Pizza.|Pizza.|Pizza.|ピザ。|पिज़्ज़ा।|披萨。
A piano|Un piano|Ein Klavier|Un piano|Sebuah piano|ピアノ|एक पियानो|一架钢琴
Piano|Piano|Klavier|Piano|Piano|ピアノ|पियानो|钢琴
Hot dog|Hot dog|Hotdog|Hot-dog|Hot dog|ホットドッグ|हॉट डॉग|热狗
Bus|Autobús|Bus|Bus|Bus|バス|बस|公共汽车
Train|Tren|Zug|Train|Kereta api|電車|रेलगाड़ी|火车
Radio|Radio|Radio|Radio|Radio|ラジオ|रेडियो|收音机
Laptop|Portátil|Laptop|Ordinateur portable|Laptop|ノートパソコン|लैपटॉप|笔记本电脑
Tennis|Tenis|Tennis|Tennis|Tenis|テニス|टेनिस|网球
Football|Fútbol|Fußball|Football|Sepak bola|サッカー|फ़ुटबॉल|足球
Surfing|Surf|Surfen|Surf|Berselancar|サーフィン|सर्फ़िंग|冲浪
Banana|Plátano|Banane|Banane|Pisang|バナナ|केला|香蕉
Zebra|Cebra|Zebra|Zèbre|Zebra|シマウマ|ज़ेबरा|斑马
A dog|Un perro|Ein Hund|Un chien|Seekor anjing|犬|एक कुत्ता|一只狗
Dog|Perro|Hund|Chien|Anjing|犬|कुत्ता|狗
The cat.|El gato.|Die Katze.|Le chat.|Kucing itu.|猫です。|बिल्ली।|那只猫。
A woman|Una mujer|Eine Frau|Une femme|Seorang wanita|女性|एक औरत|一个女人
Wood|Madera|Holz|Bois|Kayu|木|लकड़ी|木头
Metal.|Metal.|Metall.|Métal.|Logam.|金属。|धातु।|金属。
Plastic|Plástico|Plastik|Plastique|Plastik|プラスチック|प्लास्टिक|塑料
London|Londres|London|Londres|London|ロンドン|लंदन|伦敦
Berlin|Berlín|Berlin|Berlin|Berlin|ベルリン|बर्लिन|柏林
New York|Nueva York|New York|New York|New York|ニューヨーク|न्यूयॉर्क|纽约
Paris.|París.|Paris.|Paris.|Paris.|パリ。|पेरिस।|巴黎。
Times Square|Times Square|Times Square|Times Square|Times Square|タイムズスクエア|टाइम्स स्क्वायर|时代广场
Coca-Cola|Coca-Cola|Coca-Cola|Coca-Cola|Coca-Cola|コカ・コーラ|कोका-कोला|可口可乐
Toyota|Toyota|Toyota|Toyota|Toyota|トヨタ|टोयोटा|丰田
Mercedes-Benz|Mercedes-Benz|Mercedes-Benz|Mercedes-Benz|Mercedes-Benz|メルセデス・ベンツ|मर्सिडीज़-बेंज़|梅赛德斯-奔驰
Samsung.|Samsung.|Samsung.|Samsung.|Samsung.|サムスン。|सैमसंग।|三星。
iPhone|iPhone|iPhone|iPhone|iPhone|iPhone|iPhone|iPhone
McDonald's|McDonald's|McDonald's|McDonald's|McDonald's|マクドナルド|मैकडॉनल्ड्स|麦当劳
Burger King|Burger King|Burger King|Burger King|Burger King|バーガーキング|बर्गर किंग|汉堡王
Stephen King|Stephen King|Stephen King|Stephen King|Stephen King|スティーヴン・キング|स्टीफ़न किंग|斯蒂芬·金
Barack Obama|Barack Obama|Barack Obama|Barack Obama|Barack Obama|バラク・オバマ|बराक ओबामा|巴拉克·奥巴马
Harry Potter.|Harry Potter.|Harry Potter.|Harry Potter.|Harry Potter.|ハリー・ポッター。|हैरी पॉटर।|哈利·波特。
Windows|Windows|Windows|Windows|Windows|Windows|Windows|Windows
STOP|STOP|STOP|STOP|STOP|STOP|STOP|STOP
NASA|NASA|NASA|NASA|NASA|NASA|NASA|NASA
It says "EXIT".|Dice "EXIT".|Da steht "EXIT".|Il y a écrit "EXIT".|Tertulis "EXIT".|「EXIT」とあります。|"EXIT" लिखा है।|上面写着“EXIT”。
2|2|2|2|2|2|2|2
12:30|12:30|12:30|12:30|12:30|12:30|12:30|12:30
10:15 am|10:15 am|10:15 Uhr|10 h 15|10.15 pagi|午前10時15分|सुबह 10:15|上午10:15
20 years old|20 años|20 Jahre alt|20 ans|20 tahun|20歳|20 साल|20岁
5 km|5 km|5 km|5 km|5 km|5 km|5 किमी|5公里
None|Ninguno|Keine|Aucun|Tidak ada|なし|कोई नहीं|没有
Happy|Feliz|Glücklich|Heureux|Bahagia|嬉しい|खुश|高兴
Maybe.|Quizás.|Vielleicht.|Peut-être.|Mungkin.|たぶん。|शायद।|也许。
Christmas|Navidad|Weihnachten|Noël|Natal|クリスマス|क्रिसमस|圣诞节
Sushi|Sushi|Sushi|Sushi|Sushi|寿司|सुशी|寿司
""".strip()
REPLIES: tuple[dict[str, str], ...] = tuple(
    dict(zip(LANGUAGES, row.split("|"), strict=True)) for row in _ROWS.splitlines()
)
