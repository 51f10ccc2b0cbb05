//! Words of Chinese texts, learned from the texts themselves and a short list of shop words.
//!
//! Neighbouring characters are a word when they meet far more often than chance would have it and
//! stand among many different neighbours (boundary entropy). A run is cut where its words are
//! together most probable: `我的快递到哪了` gives `我 的 快递 到 哪 了`.

use super::grammar::han_words;
use refrain_text::stopwords;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

const MAX_WORD_CHARS: usize = 4;
/// Times that a word must be seen to be learned.
const MIN_COUNT: u32 = 4;
/// Smallest log ratio to chance over all ways of halving a word.
const MIN_COHESION: f64 = 3.0;
/// Smallest entropy of the neighbours on either side, in nats.
const MIN_ENTROPY: f64 = 0.8;
/// What a listed word is worth beyond the times it is seen.
const LISTED_COUNT: u32 = 3;

/// Words of shops and their customers that a small sample may not show often enough.
const SHOP_WORDS: &str = "
    快递 快递员 物流 物流信息 订单 订单号 退款 退货 换货 退换货 退换 发货 收货 收到 到货 包裹 运费 运费险 邮费 地址 收货地址 签收 派送 配送 \
    送货 客服 人工客服 商家 卖家 买家 店家 商品 产品 质量 质量问题 尺码 尺寸 颜色 颜色不对 缺货 补货 库存 现货 预售 优惠券 优惠 折扣 活动 价格 \
    降价 差价 保价 价保 发票 电子发票 付款 支付 支付宝 微信 银行卡 信用卡 扣款 扣钱 扣费 重复扣款 分期 账户 账号 登录 密码 验证码 注册 注销 \
    会员 积分 投诉 举报 评价 差评 取消 取消订单 修改 更改 查询 申请 审核 退回 寄回 寄错 发错 少发 漏发 错发 破损 损坏 坏了 碎了 裂了 故障 \
    维修 保修 质保 售后 安装 说明书 使用 打不开 连不上 充电 充不进 电池 屏幕 手机 电脑 平板 耳机 衣服 鞋子 裤子 裙子 网站 网页 页面 卡顿 闪退 \
    更新 下载 系统 软件 短信 邮件 邮箱 电话 通知 提醒 确认 回复 没收到 没到 没发货 没更新 未收到 催一下 加急 驿站 快递柜 取件码 自提 上门 \
    取件 海关 关税 清关 国际 海外 礼品卡 礼物 赠品 包装 礼盒 订阅 取消订阅 退订 续费 自动续费 套餐 流量 宽带 信号 网络 网速 话费 充值 余额 \
    骗子 诈骗 盗刷 被盗 泄露 隐私 个人信息 假货 正品 过期 保质期 生产日期 味道 异味 起球 掉色 缩水 偏大 偏小 太大 太小 合适 兼容 适合 型号 \
    购物车 中文 英文 最后一步 下一步 按钮 结账 下单 拍下 付不了 用不了 收不到 打不了 充不上 没用 无效 不对 不符 不准 不合适 不动 转人工 主管 领导 经理 \
    沙发 桌子 椅子 台灯 水壶 咖啡机 吸尘器 外套 大衣 毛衣 衬衫 袜子 帽子 箱子 礼品 生日 取货 提货 改成 换成 转账 双份 \
    参数 功能 门店 实体店 到账 多久到 不见了 丢了 丢件 弄丢 延误 延迟 超时 态度 服务态度 服务 解决 处理 问题 原因 没人 没人理 不理";

/// Words with their number of appearances.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    counts: FxHashMap<String, u32>,
    num_chars: u32,
}

#[derive(Default)]
struct Gram {
    count: u32,
    before: BTreeMap<Option<char>, u32>,
    behind: BTreeMap<Option<char>, u32>,
}

impl Lexicon {
    /// Learns from runs of Han; their order does not matter.
    pub(super) fn learn<'a>(runs: impl Iterator<Item = &'a [char]>) -> Self {
        let mut grams: FxHashMap<&[char], Gram> = FxHashMap::default();
        let mut num_chars = 0;
        for run in runs {
            num_chars += u32::try_from(run.len()).unwrap_or(u32::MAX);
            for start in 0..run.len() {
                for end in start + 1..=run.len().min(start + MAX_WORD_CHARS) {
                    let gram = grams.entry(&run[start..end]).or_default();
                    gram.count += 1;
                    if end - start > 1 {
                        let before = start.checked_sub(1).map(|at| run[at]);
                        *gram.before.entry(before).or_insert(0) += 1;
                        *gram.behind.entry(run.get(end).copied()).or_insert(0) += 1;
                    }
                }
            }
        }
        if num_chars == 0 {
            return Lexicon::default();
        }
        let mut counts: FxHashMap<String, u32> = FxHashMap::default();
        for (chars, gram) in &grams {
            if chars.len() == 1 || is_word(chars, gram, &grams, num_chars) {
                counts.insert(chars.iter().collect(), gram.count);
            }
        }
        let listed = SHOP_WORDS.split_whitespace().chain(han_words());
        for word in listed.chain(stopwords(refrain_record::Language::Zh).iter().copied()) {
            let chars: Vec<char> = word.chars().collect();
            if chars.len() > 1 {
                let seen = grams.get(chars.as_slice()).map_or(0, |gram| gram.count);
                counts.insert(word.to_owned(), seen + LISTED_COUNT);
            }
        }
        Lexicon { counts, num_chars }
    }

    /// Numbers of characters of the words of a run, in order.
    pub(super) fn cut(&self, run: &[char]) -> Vec<usize> {
        // best[i]: cost of the first i characters and the length of their last word.
        let mut best: Vec<(f64, usize)> = vec![(0.0, 0); run.len() + 1];
        let mut word = String::new();
        for end in 1..=run.len() {
            let mut found = (f64::INFINITY, 1);
            for length in 1..=end.min(MAX_WORD_CHARS) {
                word.clear();
                word.extend(&run[end - length..end]);
                let count = match self.counts.get(&word) {
                    Some(&count) => count,
                    None if length == 1 => 1,
                    None => continue,
                };
                let cost = best[end - length].0 + f64::from(self.num_chars.max(1)).ln() - f64::from(count).ln();
                // A tie goes to the longer word.
                if cost <= found.0 {
                    found = (cost, length);
                }
            }
            best[end] = found;
        }
        let mut lengths = Vec::new();
        let mut end = run.len();
        while end > 0 {
            let length = best[end].1.clamp(1, end);
            lengths.push(length);
            end -= length;
        }
        lengths.reverse();
        lengths
    }
}

fn is_word(chars: &[char], gram: &Gram, grams: &FxHashMap<&[char], Gram>, num_chars: u32) -> bool {
    if gram.count < MIN_COUNT || entropy(&gram.before) < MIN_ENTROPY || entropy(&gram.behind) < MIN_ENTROPY {
        return false;
    }
    let count = |part: &[char]| f64::from(grams.get(part).map_or(1, |gram| gram.count));
    (1..chars.len()).all(|at| {
        let chance = count(&chars[..at]) * count(&chars[at..]) / f64::from(num_chars);
        (f64::from(gram.count) / chance).ln() >= MIN_COHESION
    })
}

/// Entropy of the neighbours; each border of a run is a neighbour of its own.
fn entropy(neighbours: &BTreeMap<Option<char>, u32>) -> f64 {
    let total: u32 = neighbours.values().sum();
    let part = |count: u32| {
        let share = f64::from(count) / f64::from(total.max(1));
        -share * share.ln()
    };
    let inside: f64 = neighbours
        .iter()
        .filter(|(c, _)| c.is_some())
        .map(|(_, &n)| part(n))
        .sum();
    let num_borders = neighbours.get(&None).copied().unwrap_or(0);
    inside + f64::from(num_borders) * part(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(texts: &[&str], text: &str) -> Vec<String> {
        let runs: Vec<Vec<char>> = texts.iter().map(|t| t.chars().collect()).collect();
        let lexicon = Lexicon::learn(runs.iter().map(Vec::as_slice));
        let chars: Vec<char> = text.chars().collect();
        let mut start = 0;
        let words = lexicon.cut(&chars).into_iter().map(|length| {
            start += length;
            chars[start - length..start].iter().collect()
        });
        words.collect()
    }

    #[test]
    fn listed_words_stay_whole() {
        let texts = ["我的快递到哪了", "快递没有更新", "订单取消"];
        assert_eq!(cut(&texts, "我的快递到哪了"), ["我", "的", "快递", "到", "哪", "了"]);
        assert_eq!(cut(&texts, ""), Vec::<String>::new());
    }

    #[test]
    fn words_are_learned_from_their_company() {
        let texts = [
            "买台灯吗",
            "这台灯亮",
            "退台灯了",
            "台灯坏",
            "换台灯好",
            "那台灯黑",
            "修台灯去",
            "灯不亮",
            "两台车",
        ];
        assert!(cut(&texts, "的台灯坏").contains(&"台灯".to_owned()));
    }
}
