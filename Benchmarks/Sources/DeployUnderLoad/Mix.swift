/// What a program is asked for, and how much of it.
struct Mix {
    /// Short requests a second, sent when they are due whether earlier ones were answered or not.
    var rate: Int
    /// Answered at once with 2xx.
    let path: String
    /// Every so many requests one of these instead, under an id of its own; `#` stands for the id. Another status than this is
    /// a failure. nil: none.
    var post: (method: String, path: String, status: Int)?
    /// Under way all the time, this many: requests that take `slowSeconds`.
    var slow = 0
    var slowPath: String?
    let slowSeconds = 20
    /// Under way all the time, this many: bodies of `uploadSize` in `uploadSeconds`.
    var uploads = 0
    /// `#` stands for an id.
    var upload: (method: String, path: String)?
    let uploadSize = 1 << 20
    let uploadSeconds = 2.0
    /// Under way all the time, this many: websockets that send and get back a message every 100 ms.
    var talks = 0
    var talkPath: String?
    var talkSeconds = 2.0

    static let postEvery = 10
    /// Bytes of a post's body.
    static let postSize = 200
}
