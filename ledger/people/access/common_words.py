"""Words of the commonest passwords: numbers that sound like sentences, pinyin, English, keyboards, and our own product.

Made from how such passwords are built and not copied from a list; guessable.py puts them together.
"""

_NUMBERS = """
520 521 1314 5201314 5211314 1314520 1314521 7758521 7758258 77585210 584520 5845201314 360 168 188 518 588 666 888 999
668 886 1688 9527 1024 4399 110 119 120 12306 10086 10010 95588 31415926 3141592653 1234qwer 147258 258369 369258
147258369 147852 147852369 741852963 963852741 159357 159753 357159 753951 123654 123654789 789456 789456123 456123
321654 654321 112233 223344 334455 445566 556677 778899 123321 456654 789987 12344321 12345654321 520520 1314521
100200 123123 010203 102030 112358 8848 007 233 2333
"""
_PINYIN = """
woaini woaini1314 woaini520 woaiwojia woaiwo aini aiwo ainia wuaini xiangni xihuanni niaiwo nihao nihaoma haha hehe
heihei hahaha laopo laogong laopowoaini laogongwoaini baobei baobao baba mama babamama gege jiejie didi meimei yeye
nainai erzi nver nuer laoda laoer laoshi xuesheng pengyou tongxue mima wodemima wangjile wangji buzhidao bugaosuni
zhidao denglu yonghu yonghuming guanliyuan guanli chaojiguanliyuan ceshi moren mimamima caonima nimade shabi wocao
tamade tianxia tianxiawudi wudi zhongguo zhonghua zuguo renmin gongchandang dangyuan beijing shanghai guangzhou shenzhen
tianjin chongqing chengdu wuhan nanjing hangzhou xian changsha kunming guiyang jinan qingdao dalian shenyang haerbin
zhengzhou taiyuan hefei fuzhou xiamen nanchang nanning haikou lanzhou xining yinchuan wulumuqi lasa taiwan xianggang
gongxi facai gongxifacai wanshiruyi ruyi jixiang pingan jiankang xingfu kuaile shengri shengrikuaile xinnian
xinniankuaile wannian yongyuan jiayou fendou chenggong daji dajidali yifanfengshun yilupingan yishengyishi yishengping
xiaoming xiaohong xiaohua xiaoli xiaowang xiaozhang zhangsan lisi wangwu zhaoliu xiaozhu xiaogou xiaomao
qingfeng mingyue tianshi emo gongzhu wangzi nvwang taiyang yueliang xingxing caihong dahai dashan xiazhili dearbook
"""
_ENGLISH = """
password passwd passw0rd pass word admin administrator root user guest test testing tester demo login logon welcome
hello master manager system server secret private public change changeme letmein default temp love lover iloveyou
loveyou iloveu loveme forever baby babygirl honey sweet angel lucky happy sunshine princess queen king prince dragon
monkey tiger panda eagle shadow superman batman spiderman naruto pokemon football basketball soccer baseball michael
jordan kobe james jessica jennifer daniel michelle andrew charlie thomas william david robert john peter tom jack lucy
lily mary anna linda sunny summer winter spring autumn january monday friday computer internet google apple iphone
android windows microsoft linux oracle mysql samsung nokia facebook twitter youtube qqcom gmail hotmail mail email
china chinese money dollar gold silver freedom liberty trustno1 whatever nothing nobody starwars matrix ninja hunter
killer ranger soldier cookie chocolate orange banana cheese pepper flower rose purple yellow blue green black white red
boy girl man woman father mother sister brother family home house office company school student teacher doctor nurse
abc abcd abcde abc123 abcabc aaa bbb xxx asd qwe zxc qaz wsx edc
"""
_KEYS = """
1qaz2wsx 2wsx1qaz 1qaz2wsx3edc qazwsx qazwsxedc qazwsxedcrfv zaq12wsx zaq1xsw2 zaq1 xsw2 cde3 q1w2e3 q1w2e3r4 1q2w3e
1q2w3e4r 1q2w3e4r5t qweasd qweasdzxc asdzxc wasd qwaszx zxcasdqwe asdqwe qweqwe asdasd zxczxc poiuy lkjhg mnbvc
plmokn ijnuhb okmijn 1a2b3c 1a2b3c4d a1b2c3 a1b2c3d4 a1s2d3f4 z1x2c3v4
"""
_BRANDS = """
taobao alibaba alipay zhifubao tianmao jingdong jd pinduoduo baidu tencent tengxun weixin wechat weibo douyin kuaishou
xiaomi huawei oppo vivo honor lenovo haier meizu zte qq wx ali tx bd
"""
_OURS = """
ningxin jifen zhiyuan zhiyuanzhe zhiyuanfuwu fuwu volunteer volunteers points ledger shequ shequn cun cunmin nongcun
jiedao xiangzhen zhongxin zhandian zhanzhang dianyuan aixin aixinchaoshi chaoshi jifenchaoshi xingji zhangben huiyuan
qiandao duihuan lifu yigong gongyi yanglao liuyin yanshi
凝心 积分 志愿 志愿者 志愿服务 爱心 超市 爱心超市 积分超市 社区 村民 街道 中心 站点 站长 店员 账本 会员 签到 兑换 公益
义工 密码 我的密码 管理员 测试 你好 中国 北京 我爱你 我爱中国 一生一世 一生平安 恭喜发财 万事如意 平安 健康 幸福 快乐
生日快乐 新年快乐 加油 老婆 老公 宝贝 爸爸 妈妈 天下无敌
"""
WORDS = frozenset(" ".join((_NUMBERS, _PINYIN, _ENGLISH, _KEYS, _BRANDS, _OURS)).split())
