"""Refusals of the HTTP layer itself: requests that are unreadable, unknown or forbidden before any service runs."""

from ledger.kernel.errors import ErrorText, register

register(
    "request",
    {
        "malformed": ErrorText(
            400, "这个请求看不懂", "The request can't be read",
            "请检查格式：JSON、UTF-8 编码", "Check the format: JSON in UTF-8",
        ),
        "invalid": ErrorText(
            422, "有 {count} 处要改，别的都留着", "{count} field(s) need correction; the rest is kept",
            "请照每一处的提示改", "Correct the fields named in errors",
        ),
        "not_now": ErrorText(
            422, "还没有办，刚才填的都在", "Nothing was done; what you typed is still here",
            "接着填，或者离开这一页", "Go on with it, or leave this page",
        ),
        "form_unreadable": ErrorText(
            422, "交上来的有看不懂的，没有办成", "Part of what was sent can't be read; nothing was done",
            "请回到上一页，刷新以后再办一次", "Go back to the page before, load it again and repeat",
        ),
        "address_unreadable": ErrorText(
            422, "网页地址里有看不懂的，打不开这一页", "Part of this page's address can't be read, so it can't be opened",
            "请回到上一页，从那里重新选", "Go back to the page before and choose again there",
        ),
        "filters_unreadable": ErrorText(
            422, "筛选里有看不懂的，没有存成表格", "A filter can't be read, so no file was made",
            "请回到上一页，把筛选改好再存", "Go back to the list, correct the filter and export it again",
        ),
        "file_too_long": ErrorText(
            422, "名单太长，没有存成表格", "The list is too long, so no file was made",
            "一个表格最多 {most} 行：请回到上一页，先筛选再存", "A file has at most {most} rows: go back to the list, filter it first and export it again",
        ),
        "not_found": ErrorText(
            404, "没有这一页", "There is nothing here",
            "请看看地址，或者回首页", "Check the address or go back to the start",
        ),
        "method_not_allowed": ErrorText(
            405, "这里不能这样办", "That method is not allowed here",
            "请用允许的方法", "Use one of the methods in the Allow header",
        ),
        "not_acceptable": ErrorText(
            406, "给不出这种格式", "That format is not offered",
            "请改 Accept", "Change the Accept header",
        ),
        "too_large": ErrorText(
            413, "内容太大", "The request is too large",
            "请分几次发，或者换个小文件", "Send it in parts, or choose a smaller file",
        ),
        "too_complex": ErrorText(
            400, "内容太杂：项目太多，或者一层套一层太深", "The request has too many parts, or nests too deeply",
            "请分几次发", "Send it in parts",
        ),
        "too_scattered": ErrorText(
            400, "内容切得太碎", "The request came in too many small pieces",
            "请一次多发一些", "Send more at a time",
        ),
        "too_slow": ErrorText(
            408, "内容没有发完", "The request did not arrive in time",
            "请看看网络，再发一次", "Check the network and send it again",
        ),
        "unsupported_media_type": ErrorText(
            415, "内容的类型不对", "That media type is not supported",
            "请用 application/json", "Use application/json",
        ),
        "csrf": ErrorText(
            403, "这一页打开以后换过登录，所以没有提交", "Somebody has logged in or out since this page was opened, so nothing was submitted",
            "请刷新页面再交一次", "Load the page again and submit once more",
        ),
        "no_cookies": ErrorText(
            403, "浏览器没有收下我们的 Cookie，所以没有提交", "The browser has kept no cookie of ours, so nothing was submitted",
            "请在浏览器设置里允许 Cookie，再打开 {address} 重试", "Allow cookies in the browser's settings, open {address} and try again",
        ),
        "too_many": ErrorText(
            429, "试得太多了", "Too many tries",
            "请等{wait}再试。等不及的话，请找站点的工作人员", "Try again in {wait}. If you can't wait, ask the staff of your station",
        ),
        "refused": ErrorText(
            400, "这个请求没有办成", "The request was refused",
            "请刷新以后再试", "Load the page again and repeat",
        ),
    },
)  # fmt: skip
